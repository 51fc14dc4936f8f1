"""Figures of webhooks, for Prometheus."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

ATTEMPTS: Final = Counter("lathe_webhook_attempts_total", "Posts to webhooks, by what came of them", ["outcome"])
ATTEMPT_SECONDS: Final = Histogram(
    "lathe_webhook_attempt_seconds",
    "Time of one post to a webhook",
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15),
)
DEAD: Final = Counter("lathe_webhook_dead_letters_total", "Messages that are not tried any more")
DISABLED: Final = Counter("lathe_webhooks_disabled_total", "Webhooks that were disabled, by why", ["reason"])
WAITING: Final = Gauge("lathe_webhook_messages_waiting", "Messages that wait to be posted")
OVERDUE: Final = Gauge("lathe_webhook_overdue_seconds", "How long the first message that is due has not been tried")
