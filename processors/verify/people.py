"""What the events of `lathe.identity` and `lathe.catalog` promise."""

from typing import Any

import msgspec

from domain.catalog.events import ModelPublished
from domain.identity import events as e
from processors.verify.findings import Broken


class UserRules:
    """`accounts`: account id → user id, of all users ever."""

    def __init__(self) -> None:
        self.accounts: dict[str, int] = {}
        self._names: dict[str, str] = {}
        self._name_of: dict[str, str] = {}
        self._deleted: set[str] = set()

    def take(self, key: str, event: msgspec.Struct) -> None:
        """Raises Broken."""
        if isinstance(event, e.UserRegistered):
            self._registered(key, event)
        elif key not in self._name_of and key not in self._deleted:
            raise Broken("history", f"user {key} was never registered")
        elif key in self._deleted:
            raise Broken("history", f"user {key} was deleted before")
        elif isinstance(event, e.UserDeleted):
            self._names.pop(self._name_of.pop(key), None)
            self._deleted.add(key)
        elif isinstance(event, e.UserProfileChanged) and event.username_hmac is not None:
            self._take_name(key, event.username_hmac)

    def _registered(self, key: str, event: e.UserRegistered) -> None:
        if key != str(event.user_id) or key in self._name_of or key in self._deleted:
            raise Broken("users", f"user {event.user_id} was registered before, or in another stream than {key}")
        if event.account_id in self.accounts:
            other = self.accounts[event.account_id]
            raise Broken("users", f"account {event.account_id} is that of user {other} already")
        self._take_name(key, event.username_hmac)
        self.accounts[event.account_id] = event.user_id

    def _take_name(self, key: str, name: str) -> None:
        if self._names.get(name, key) != key:
            raise Broken("users", f"user {self._names[name]} has the same name")
        if (before := self._name_of.get(key)) is not None:
            self._names.pop(before, None)
        self._names[name], self._name_of[key] = key, name


class ModelRules:
    """`published`: (model, version) of all that were ever offered."""

    def __init__(self) -> None:
        self.published: set[tuple[str, str]] = set()

    def take(self, key: str, event: Any) -> None:
        """Raises Broken."""
        if isinstance(event, ModelPublished):
            self.published.add((event.model, event.version))
        elif (model := getattr(event, "model", None)) is not None and not any(m == model for m, _ in self.published):
            raise Broken("history", f"model {model} was never published")
