"""POST /auth/tickets."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import Unauthenticated
from tests.command_api.world import World, refused


async def test_a_ticket_stands_for_its_user_once(here: World) -> None:
    ann = await here.user()
    answer = await here.post("/auth/tickets", ann)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert told["expires_in"] == 30
    left = datetime.fromisoformat(told["expires_at"]) - datetime.now(UTC)
    assert timedelta(seconds=20) < left <= timedelta(seconds=30)
    caller = await here.app.state.authenticator.current(await here.parts.tickets.redeem(told["ticket"]))
    assert (caller.account_id, caller.role) == (ann.account_id, "user")
    with pytest.raises(Unauthenticated):
        await here.parts.tickets.redeem(told["ticket"])


async def test_a_ticket_does_not_outlive_a_password(here: World) -> None:
    ann = await here.user()
    ticket = (await here.post("/auth/tickets", ann)).json()["ticket"]
    changed = await here.send(
        "PUT", "/auth/password", ann, json={"old_password": "correct horse", "new_password": "battery staple"}
    )
    assert changed.status_code == 204, changed.text
    claims = await here.parts.tickets.redeem(ticket)
    with pytest.raises(Unauthenticated):
        await here.app.state.authenticator.current(claims)


async def test_tickets_are_for_users(here: World) -> None:
    refused(await here.post("/auth/tickets"), 401, "unauthenticated")
