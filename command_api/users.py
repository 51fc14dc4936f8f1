"""Registering and logging in: what the routes of /auth do."""

import contextlib
from typing import Any

import msgspec
from starlette.requests import Request

from adapters.commands.reactions import open_account_of
from adapters.errors import Unavailable
from adapters.ids import new_id
from adapters.kafka.requests import Applied
from adapters.kafka.topics import IDENTITY
from adapters.security.sessions import OpenSession
from command_api.contexts import context_of
from command_api.parts import Parts
from domain.errors import DomainError, Unauthenticated
from domain.identity.commands import ChangePassword, RegisterUser, RehashPassword
from domain.identity.state import User
from domain.money import MICRO
from domain.personal import SealedAt

_REFUSED = "The user name or the password is wrong."


class NewUser(msgspec.Struct, frozen=True, kw_only=True):
    username: str
    password: str
    name: str | None = None
    email: str | None = None
    role: str = "user"


async def register(parts: Parts, request: Request, new: NewUser) -> tuple[Applied, str]:
    """Register a user and open the account. Returns the answer and the account id.

    Raises AlreadyExists, InvalidInput, Unavailable. The account's key is committed before the first event that uses
    it. If the process dies between the two events, a reactor opens the account.
    """
    hashed = await parts.passwords.hash(new.password)
    account_id, event_id = new_id(), new_id()
    await parts.sealer.keys.create(account_id)
    texts = {"username": new.username, "password_hash": hashed, "name": new.name, "email": new.email}
    sealed = await parts.sealer.seal_fields(
        account_id, event_id, {field: text for field, text in texts.items() if text is not None}
    )
    command = RegisterUser(
        account_id=account_id,
        username=sealed["username"],
        username_hmac=parts.digests.blind_index(new.username),
        password_hash=sealed["password_hash"],
        name=sealed.get("name"),
        email=sealed.get("email"),
        role=new.role,
        sign_up_credits=parts.settings.sign_up_credits * MICRO,
    )
    context = context_of(request, f"user/{account_id}", event_id=event_id)
    try:
        applied = await parts.commands.send(IDENTITY, 0, command, context)
    except DomainError:
        await parts.sealer.keys.destroy(account_id)
        raise
    reaction = open_account_of(
        event_id,
        account_id=account_id,
        user_id=applied.view["id"],
        credits_=command.sign_up_credits,
        now=context.now,
        correlation_id=context.correlation_id,
    )
    with contextlib.suppress(Unavailable):  # the user is registered: the reactor opens the account in that case
        await parts.commands.send(reaction.topic, reaction.partition, reaction.command, reaction.context)
    return applied, account_id


async def log_in(parts: Parts, request: Request, name_index: str, password: str) -> tuple[User, OpenSession]:
    """A session for the right password of the user with this blind index.

    Raises Unauthenticated, the same for unknown names and wrong passwords.
    """
    users = await parts.users.read_to_end()
    user = users.by_username(name_index)
    sealed = user.password_hash if user is not None and user.active else None
    known = None if user is None else await parts.sealer.open_or_none(user.account_id, sealed)
    verdict = await parts.passwords.verify(password, known)
    if user is None or not verdict.right:
        raise Unauthenticated(_REFUSED)
    if verdict.fresh_hash is not None and sealed is not None:
        await _rehash(parts, request, user, verdict.fresh_hash, sealed.event_id)
    session = await parts.sessions.open(
        account_id=user.account_id, user_id=user.user_id, token_version=user.token_version
    )
    return user, session


async def refresh(parts: Parts, refresh_token: str) -> tuple[User, OpenSession]:
    """The next refresh token of a session. Raises Unauthenticated, ReusedToken among them.

    The users are read before the token is used up: while Kafka is away, it must stay good for a later try.
    """
    users = await parts.users.read_to_end()
    session = await parts.sessions.rotate(refresh_token)
    user = users.by_id(session.user_id)
    if user is None or not user.active or user.token_version != session.token_version:
        await parts.sessions.close_session(session.session_id, "the account changed")
        raise Unauthenticated("The account changed since this session began. Log in again.")
    return user, session


async def change_password(parts: Parts, request: Request, user: User, old: str, new: str) -> Applied:
    """Change it and end all sessions. Raises Unauthenticated if `old` is wrong, InvalidInput."""
    known = await parts.sealer.open_or_none(user.account_id, user.password_hash)
    if not (await parts.passwords.verify(old, known)).right:
        raise Unauthenticated("The present password is wrong.")
    event_id = new_id()
    hashed = await parts.passwords.hash(new)
    sealed = await parts.sealer.seal(user.account_id, event_id, "password_hash", hashed)
    context = context_of(request, f"user/{user.account_id}", event_id=event_id)
    command = ChangePassword(user_id=user.user_id, password_hash=sealed)
    applied = await parts.commands.send(IDENTITY, 0, command, context)
    await parts.sessions.close_all(user.account_id, "password changed")
    return applied


async def _rehash(parts: Parts, request: Request, user: User, fresh_hash: str, expected: str) -> None:
    """Replace a hash of outdated parameters; the login does not depend on it."""
    event_id = new_id()
    sealed = await parts.sealer.seal(user.account_id, event_id, "password_hash", fresh_hash)
    command = RehashPassword(user_id=user.user_id, password_hash=sealed, expected=expected)
    context = context_of(request, "system", event_id=event_id)
    try:
        await parts.commands.send(IDENTITY, 0, command, context)
    except (DomainError, Unavailable):
        return


async def user_document(parts: Parts, account_id: str, view: dict[str, Any]) -> dict[str, Any]:
    """A user as clients see it, from the owner's sealed view. Missing: what was never given."""
    names = ("username", "name", "email")
    sealed = [(account_id, msgspec.convert(view[n], SealedAt | None)) for n in names]
    texts = dict(zip(names, await parts.sealer.open_many(sealed), strict=True))
    document = {name: view[name] for name in ("id", "uuid", "role", "created_at", "updated_at")} | texts
    return {name: value for name, value in document.items() if value is not None or name != "email"}
