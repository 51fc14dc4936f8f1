"""Users: unique names, roles, passwords, and the end of tokens."""

from typing import Any

import pytest

from domain.decider import Append
from domain.errors import AlreadyExists, InvalidInput, KeyReused, NotFound, NotInState, StreamQuarantined
from domain.identity import commands as c
from domain.identity import events as e
from domain.identity.decider import IdentityDecider
from domain.identity.state import User
from domain.personal import Sealed, SealedAt
from tests.domain.scenario import Scenario, new_id

NAME, HASH = Sealed(enc="v1:bmFtZQ"), Sealed(enc="v1:aGFzaA")


def register(number: int, **fields: Any) -> c.RegisterUser:
    given: dict[str, Any] = {
        "account_id": new_id(1000 + number),
        "username": NAME,
        "username_hmac": f"hmac-{number}",
        "password_hash": HASH,
    }
    return c.RegisterUser(**(given | fields))


def users() -> Scenario:
    """An administrator, 1, and a user, 2."""
    scenario = Scenario(IdentityDecider(), "1")
    return scenario.when(register(1, role="admin")).when(register(2, sign_up_credits=100))


def user(scenario: Scenario, user_id: int) -> User:
    found = scenario.state.by_id(user_id)
    assert isinstance(found, User)
    return found


def test_users_are_numbered_as_they_come() -> None:
    scenario = users()
    scenario.then(
        e.UserRegistered(
            user_id=2,
            account_id=new_id(1002),
            username=NAME,
            username_hmac="hmac-2",
            password_hash=HASH,
            sign_up_credits=100,
        )
    )
    assert isinstance(scenario.outcome, Append)
    assert (scenario.outcome.key, scenario.outcome.subject) == ("2", "2")


def test_a_user_is_found_by_id_account_and_name() -> None:
    state = users().state
    assert state.by_id(2) is state.by_account(new_id(1002)) is state.by_username("hmac-2")
    assert state.by_id(2).active
    assert state.by_id(3) is state.by_account("nobody") is state.by_username("nobody") is None


def test_texts_can_be_opened_later_and_the_hash_is_not_told() -> None:
    scenario = users()
    event_id = scenario.log[-1][2].id
    assert user(scenario, 2).password_hash == SealedAt(event_id, "password_hash", HASH.enc)
    view = scenario.decider.view(scenario.state, "2", "2")
    assert view["username"] == {"event_id": event_id, "field": "username", "enc": NAME.enc}
    assert (view["id"], view["uuid"], view["role"]) == (2, new_id(1002), "user")
    assert "password_hash" not in view


def test_a_name_belongs_to_one_user() -> None:
    users().when(register(3, username_hmac="hmac-2")).fails(AlreadyExists, pointer="/username")


def test_an_account_belongs_to_one_user() -> None:
    users().when(register(3, account_id=new_id(1002))).fails(AlreadyExists)


@pytest.mark.parametrize("role", ["", "root", "Admin"])
def test_roles_are_known(role: str) -> None:
    users().when(register(3, role=role)).fails(InvalidInput, pointer="/role")
    users().when(c.ChangeRole(user_id=2, role=role)).fails(InvalidInput, pointer="/role")


def test_a_name_can_be_changed_and_the_old_one_is_free() -> None:
    scenario = users().when(c.ChangeProfile(user_id=2, username=NAME, username_hmac="new"))
    scenario.then(e.UserProfileChanged(username=NAME, username_hmac="new"))
    assert scenario.state.by_username("new").user_id == 2
    scenario.when(register(3, username_hmac="hmac-2"))
    assert scenario.state.by_username("hmac-2").user_id == 3
    scenario.when(c.ChangeProfile(user_id=3, username=NAME, username_hmac="new")).fails(AlreadyExists)


def test_a_profile_changes_in_parts() -> None:
    email = Sealed(enc="v1:bWFpbA")
    scenario = users().when(c.ChangeProfile(user_id=2, email=email)).then(e.UserProfileChanged(email=email))
    assert user(scenario, 2).email == SealedAt(scenario.log[-1][2].id, "email", email.enc)
    assert user(scenario, 2).username_hmac == "hmac-2"
    scenario.when(c.ChangeProfile(user_id=2)).replies(id=2)
    scenario.when(c.ChangeProfile(user_id=2, username=NAME)).fails(InvalidInput)


def test_a_new_password_and_a_new_role_end_the_tokens() -> None:
    scenario = users()
    assert user(scenario, 2).token_version == 1
    scenario.when(c.ChangePassword(user_id=2, password_hash=HASH)).then(e.PasswordChanged(password_hash=HASH))
    assert user(scenario, 2).token_version == 2
    scenario.when(c.ChangeRole(user_id=2, role="operator")).then(e.UserRoleChanged(role="operator"))
    assert (user(scenario, 2).role, user(scenario, 2).token_version) == ("operator", 3)
    scenario.when(c.ChangeRole(user_id=2, role="operator")).replies(role="operator", token_version=3)


def test_a_rehash_keeps_the_tokens_and_never_brings_an_old_password_back() -> None:
    scenario = users()
    read = scenario.log[-1][2].id
    newer = Sealed(enc="v1:bmV3")
    scenario.when(c.RehashPassword(user_id=2, password_hash=newer, expected=read))
    scenario.then(e.PasswordRehashed(password_hash=newer))
    assert user(scenario, 2).token_version == 1
    scenario.when(c.RehashPassword(user_id=2, password_hash=HASH, expected=read)).replies(id=2)
    found = user(scenario, 2).password_hash
    assert found is not None
    assert found.enc == newer.enc


def test_a_disabled_user_is_not_active() -> None:
    scenario = users().when(c.DisableUser(user_id=2, reason="spam")).then(e.UserDisabled(reason="spam"))
    assert not user(scenario, 2).active
    assert user(scenario, 2).token_version == 2
    scenario.when(c.DisableUser(user_id=2, reason="spam")).replies(disabled=True)


def test_a_deleted_user_leaves_nothing_personal_and_frees_the_name() -> None:
    scenario = users().when(c.DeleteUser(user_id=2)).then(e.UserDeleted())
    gone = user(scenario, 2)
    assert not gone.active
    assert gone.token_version == 2
    assert {gone.username, gone.username_hmac, gone.password_hash, gone.name, gone.email} == {None}
    assert scenario.state.by_account(new_id(1002)) is gone
    scenario.when(c.DeleteUser(user_id=2)).replies(deleted=True)
    scenario.when(c.ChangePassword(user_id=2, password_hash=HASH)).fails(NotFound)
    scenario.when(register(3, username_hmac="hmac-2"))
    assert scenario.event.user_id == 3


@pytest.mark.parametrize(
    "command", [c.DeleteUser(user_id=1), c.ChangeRole(user_id=1, role="user"), c.DisableUser(user_id=1, reason="x")]
)
def test_the_last_administrator_stays(command: c.Base) -> None:
    users().when(command).fails(NotInState)
    scenario = users().when(c.ChangeRole(user_id=2, role="admin")).when(command)
    assert isinstance(scenario.outcome, Append)


@pytest.mark.parametrize("user_id", [0, 3, -1])
def test_an_unknown_user_is_not_found(user_id: int) -> None:
    users().when(c.ChangePassword(user_id=user_id, password_hash=HASH)).fails(NotFound)


def test_an_unreadable_record_stops_registrations_and_renames_only() -> None:
    scenario = users()
    scenario.decider.quarantine(scenario.state, "7")
    scenario.when(register(3)).fails(StreamQuarantined)
    scenario.when(c.ChangeProfile(user_id=2, username=NAME, username_hmac="new")).fails(StreamQuarantined)
    scenario.when(c.ChangeProfile(user_id=2, name=NAME)).then(e.UserProfileChanged(name=NAME))
    scenario.when(c.ChangePassword(user_id=2, password_hash=HASH)).then(e.PasswordChanged(password_hash=HASH))


def test_a_registration_repeated_with_its_key_is_one_user() -> None:
    key = {"idempotency_key": "a1" * 16, "idempotency_digest": "b2" * 16}
    scenario = users().when(register(3), **key).when(register(4, username_hmac="hmac-3"), **key).replies(id=3)
    scenario.when(register(5), idempotency_key="a1" * 16, idempotency_digest="c3" * 16).fails(KeyReused)
