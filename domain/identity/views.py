"""What is told about a user: plain JSON values.

Sealed texts stay sealed (`{event_id, field, enc}`): the edge opens them when it renders.

The password hash is never part of it.
"""

from datetime import datetime
from typing import Any

from domain.identity.state import User
from domain.personal import SealedAt


def user_view(user: User) -> dict[str, Any]:
    return {
        "id": user.user_id,
        "uuid": user.account_id,
        "username": _sealed(user.username),
        "name": _sealed(user.name),
        "email": _sealed(user.email),
        "role": user.role,
        "disabled": user.disabled,
        "deleted": user.deleted,
        "token_version": user.token_version,
        "created_at": _time(user.created_at),
        "updated_at": _time(user.updated_at),
    }


def _sealed(text: SealedAt | None) -> dict[str, str] | None:
    return None if text is None else {"event_id": text.event_id, "field": text.field, "enc": text.enc}


def _time(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
