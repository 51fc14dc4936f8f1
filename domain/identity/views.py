"""What is told about a user: plain JSON values.

Sealed texts stay sealed (`{event_id, field, enc}`): the edge opens them when it renders.

The password hash is never part of it.
"""

from typing import Any

from domain.identity.state import User
from domain.rendering import sealed_of, time_of


def user_view(user: User) -> dict[str, Any]:
    return {
        "id": user.user_id,
        "uuid": user.account_id,
        "username": sealed_of(user.username),
        "name": sealed_of(user.name),
        "email": sealed_of(user.email),
        "role": user.role,
        "disabled": user.disabled,
        "deleted": user.deleted,
        "token_version": user.token_version,
        "created_at": time_of(user.created_at),
        "updated_at": time_of(user.updated_at),
    }
