"""The secret that services (workers, the scheduler, the external ML service) show to the API."""

import hashlib
import hmac


class ServiceToken:
    """Compares in constant time, whatever the lengths."""

    def __init__(self, secret: str) -> None:
        """Raises ValueError for a secret under 16 characters: it would be guessable."""
        if len(secret) < 16:
            raise ValueError("LATHE_SERVICE_TOKEN must have at least 16 characters")
        self._digest = hashlib.sha256(secret.encode()).digest()

    def matches(self, presented: str) -> bool:
        digest = hashlib.sha256(presented.encode("utf-8", "surrogateescape")).digest()
        return hmac.compare_digest(digest, self._digest)
