"""What every installation begins with: the built-in models and the user `admin`. Repeatable, by every process."""

from datetime import UTC, datetime

import structlog

from adapters.ids import new_id
from adapters.kafka.topics import CATALOG, IDENTITY
from command_api.parts import Parts
from domain.catalog.builtin import builtin_models
from domain.decider import Context
from domain.errors import AlreadyExists
from domain.identity.commands import RegisterUser

ADMIN = "admin"
log = structlog.get_logger(__name__)


async def first_start(parts: Parts, correlation_id: str) -> None:
    """Raises Unavailable while nobody can decide."""
    for model in builtin_models():
        await parts.commands.send(CATALOG, 0, model, _context(correlation_id))
    await _register_admin(parts, correlation_id)


async def _register_admin(parts: Parts, correlation_id: str) -> None:
    password = parts.settings.admin_password
    users = await parts.users.read_to_end()
    if password is None or users.by_username(parts.digests.blind_index(ADMIN)) is not None:
        return
    account_id, context = new_id(), _context(correlation_id)
    await parts.sealer.keys.create(account_id)
    hashed = await parts.passwords.hash(password)
    sealed = await parts.sealer.seal_fields(account_id, context.event_id, {"username": ADMIN, "password_hash": hashed})
    command = RegisterUser(
        account_id=account_id,
        username=sealed["username"],
        username_hmac=parts.digests.blind_index(ADMIN),
        password_hash=sealed["password_hash"],
        role="admin",
        sign_up_credits=0,
    )
    try:
        await parts.commands.send(IDENTITY, 0, command, context)
        log.info("the user admin was registered")
    except AlreadyExists:
        await parts.sealer.keys.destroy(account_id)


def _context(correlation_id: str) -> Context:
    return Context(
        now=datetime.now(UTC),
        event_id=new_id(),
        command_id=new_id(),
        actor="system",
        correlation_id=correlation_id,
    )
