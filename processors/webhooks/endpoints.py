"""The webhooks of all accounts in memory, as far as the log was followed."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from adapters.postgres.webhooks import Known
from domain.account.state import Webhook
from domain.account.webhooks import WebhookEvent, folded
from domain.envelope import Envelope


class Endpoint:
    """One webhook. `changed` is set when it is another one now, or gone."""

    def __init__(self, webhook_id: str, account_id: str, webhook: Webhook) -> None:
        self.webhook_id, self.account_id, self.webhook = webhook_id, account_id, webhook
        self.failing_since: datetime | None = None
        self.waiting = 0
        self.gone = False
        self.changed = asyncio.Event()
        self.fewer = asyncio.Event()
        """Set whenever one message less waits, or `changed` is."""

    @property
    def open(self) -> bool:
        return self.webhook.enabled and not self.gone

    def settled(self) -> None:
        """A message does not wait any more."""
        self.waiting = max(0, self.waiting - 1)
        self.fewer.set()

    def tell(self) -> None:
        """It is another one now, or gone."""
        self.changed.set()
        self.fewer.set()

    def wants(self, message_type: str) -> bool:
        return self.open and (not self.webhook.types or message_type in self.webhook.types)


class Endpoints:
    """By webhook, and by account."""

    def __init__(self, known: Iterable[Known] = ()) -> None:
        self.by_id: dict[str, Endpoint] = {}
        self._accounts: defaultdict[str, dict[str, Endpoint]] = defaultdict(dict)
        for one in known:
            endpoint = Endpoint(one.webhook_id, one.account_id, one.webhook)
            endpoint.failing_since, endpoint.waiting = one.failing_since, one.waiting
            self._add(endpoint)

    def of(self, account_id: str) -> Iterable[Endpoint]:
        return self._accounts[account_id].values() if account_id in self._accounts else ()

    def knows(self, account_id: str) -> bool:
        """Whether the account has any."""
        return account_id in self._accounts

    def fold(self, account_id: str, event: WebhookEvent, envelope: Envelope) -> Endpoint:
        """The endpoint after an event about it. Raises KeyError when the event does not fit what is known."""
        endpoint = self.by_id.get(event.webhook_id)
        after = folded(None if endpoint is None else endpoint.webhook, event, envelope)
        if endpoint is None:
            assert after is not None, "only an addition folds without a webhook"
            endpoint = Endpoint(event.webhook_id, account_id, after)
            self._add(endpoint)
        elif after is None:
            self._drop(endpoint)
        else:
            endpoint.webhook, endpoint.failing_since = after, None
            if not after.enabled:
                endpoint.waiting = 0
        endpoint.tell()
        return endpoint

    def close(self, account_id: str) -> None:
        """The account gets nothing any more."""
        for endpoint in list(self.of(account_id)):
            self._drop(endpoint)
            endpoint.tell()

    def _add(self, endpoint: Endpoint) -> None:
        self.by_id[endpoint.webhook_id] = endpoint
        self._accounts[endpoint.account_id][endpoint.webhook_id] = endpoint

    def _drop(self, endpoint: Endpoint) -> None:
        endpoint.gone = True
        del self.by_id[endpoint.webhook_id]
        mine = self._accounts[endpoint.account_id]
        del mine[endpoint.webhook_id]
        if not mine:
            del self._accounts[endpoint.account_id]
