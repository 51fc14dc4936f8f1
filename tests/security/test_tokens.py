"""Access tokens: what must be refused (bad-inputs 29-36), and rotation of the keys that sign them."""

import base64
import hashlib
import hmac
import json
from typing import Any

import asyncpg
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.ids import new_id
from adapters.security.master_key import MasterKey
from adapters.security.signing_keys import SigningKey, SigningKeys
from adapters.security.tokens import AccessTokens
from domain.errors import Unauthenticated

ISSUER = "https://lathe.example"
LIFETIME = 900
ACCOUNT = new_id()


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def keys(pool: "asyncpg.Pool[Any]", master: MasterKey, clock: Clock) -> SigningKeys:
    await pool.execute("DELETE FROM ops.signing_keys")
    keys = SigningKeys(pool, master.key_wrapping, token_lifetime_s=LIFETIME, clock=clock)
    await keys.start()
    return keys


@pytest.fixture
def tokens(keys: SigningKeys, clock: Clock) -> AccessTokens:
    return AccessTokens(keys, ISSUER, LIFETIME, clock=clock)


async def good(tokens: AccessTokens) -> str:
    return (await tokens.issue(account_id=ACCOUNT, user_id=7, role="user", token_version=3, session_id="s")).token


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    head, body, _ = token.split(".")
    return json.loads(base64.urlsafe_b64decode(head + "==")), json.loads(base64.urlsafe_b64decode(body + "=="))


def b64(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(header: Any, payload: Any, key: SigningKey | Ed25519PrivateKey) -> str:
    """A correctly signed token with any header and payload."""
    private = key if isinstance(key, Ed25519PrivateKey) else key.private
    content = f"{b64(header)}.{b64(payload)}"
    return f"{content}.{b64(private.sign(content.encode()))}"


async def assert_refused(tokens: AccessTokens, token: str) -> None:
    with pytest.raises(Unauthenticated):
        await tokens.verify(token)


async def test_a_good_token_says_who_calls(tokens: AccessTokens, clock: Clock) -> None:
    token = await good(tokens)
    claims = await tokens.verify(token)
    assert (claims.account_id, claims.user_id, claims.role, claims.token_version) == (ACCOUNT, 7, "user", 3)
    assert claims.expires_at == clock.now + LIFETIME
    assert await tokens.verify(token) is claims, "the second time it comes from memory"
    assert parts(token)[0]["typ"] == "at+jwt"


async def test_anybody_can_verify_with_the_published_keys(tokens: AccessTokens, keys: SigningKeys) -> None:
    token = await good(tokens)
    published = jwt.PyJWKSet.from_dict(await keys.jwks())
    key = published[parts(token)[0]["kid"]]
    options: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    claims = jwt.decode(token, key.key, ["EdDSA"], audience="lathe", issuer=ISSUER, options=options)
    assert claims["sub"] == ACCOUNT
    assert "d" not in (await keys.jwks())["keys"][0]


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", ""])
async def test_29_no_algorithm(tokens: AccessTokens, algorithm: str) -> None:
    header, payload = parts(await good(tokens))
    for end in ("", b64(b"x" * 64)):
        await assert_refused(tokens, f"{b64({**header, 'alg': algorithm})}.{b64(payload)}.{end}")


async def test_30_hmac_with_the_public_key(tokens: AccessTokens, keys: SigningKeys) -> None:
    header, payload = parts(await good(tokens))
    public = (await keys.signer()).public
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    for secret in (public.public_bytes_raw(), pem):
        for algorithm in ("HS256", "EdDSA"):
            content = f"{b64({**header, 'alg': algorithm})}.{b64(payload)}"
            await assert_refused(
                tokens, f"{content}.{b64(hmac.new(secret, content.encode(), hashlib.sha256).digest())}"
            )


@pytest.mark.parametrize("kid", ["../../../dev/null", "' OR 1=1 --", "unknown", "", None, 1, ["a"], {"a": 1}])
async def test_31_hostile_kid(tokens: AccessTokens, keys: SigningKeys, kid: Any) -> None:
    header, payload = parts(await good(tokens))
    await assert_refused(tokens, signed({**header, "kid": kid}, payload, await keys.signer()))


@pytest.mark.parametrize("member", ["jku", "x5u", "jwk", "x5c", "x5t", "crit", "b64", "zip"])
async def test_32_33_headers_that_bring_keys_or_demands(tokens: AccessTokens, keys: SigningKeys, member: str) -> None:
    header, payload = parts(await good(tokens))
    attacker = Ed25519PrivateKey.generate()
    value: Any = {
        "jwk": {"kty": "OKP", "crv": "Ed25519", "x": b64(attacker.public_key().public_bytes_raw())},
        "crit": ["exp"],
        "b64": False,
    }.get(member, "https://evil.example/keys")
    await assert_refused(tokens, signed({**header, member: value}, payload, attacker))
    await assert_refused(tokens, signed({**header, member: value}, payload, await keys.signer()))


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "another"}, {"aud": ["lathe", "another"]}, {"aud": None}, {"iss": "https://evil.example"},
        {"iss": None}, {"sub": "../x"}, {"sub": 1}, {"uid": "7"}, {"uid": -1}, {"uid": True}, {"tv": None},
        {"role": "root"}, {"role": 1},
    ],
)  # fmt: skip
async def test_34_claims_of_another_service(tokens: AccessTokens, keys: SigningKeys, change: dict[str, Any]) -> None:
    header, payload = parts(await good(tokens))
    await assert_refused(tokens, signed(header, {**payload, **change}, await keys.signer()))


@pytest.mark.parametrize("typ", ["JWT", "rt+jwt", "", None, 1])
async def test_34_tokens_of_another_type(tokens: AccessTokens, keys: SigningKeys, typ: Any) -> None:
    header, payload = parts(await good(tokens))
    await assert_refused(tokens, signed({**header, "typ": typ}, payload, await keys.signer()))


@pytest.mark.parametrize(
    "change",
    [
        {"exp": -1}, {"exp": 0}, {"exp": 10**10}, {"exp": 2**64}, {"exp": "soon"}, {"exp": 1e400},
        {"exp": None}, {"exp": True},
        {"exp": 1_800_000_500.5}, {"nbf": 1_800_000_060}, {"nbf": "now"}, {"iat": 1_800_000_060}, {"iat": None},
        {"iat": 1_799_000_000},
    ],
)  # fmt: skip
async def test_35_times(tokens: AccessTokens, keys: SigningKeys, change: dict[str, Any]) -> None:
    header, payload = parts(await good(tokens))
    for member in change:
        await assert_refused(
            tokens, signed(header, {k: v for k, v in payload.items() if k != member}, await keys.signer())
        )
    await assert_refused(tokens, signed(header, {**payload, **change}, await keys.signer()))


async def test_35_expiry_counts_for_remembered_tokens_too(tokens: AccessTokens, clock: Clock) -> None:
    token = await good(tokens)
    clock.now += LIFETIME - 1
    await tokens.verify(token)
    clock.now += 1
    await assert_refused(tokens, token)


async def test_36_rotation_and_retirement(
    pool: "asyncpg.Pool[Any]", tokens: AccessTokens, keys: SigningKeys, master: MasterKey, clock: Clock
) -> None:
    elsewhere = SigningKeys(pool, master.key_wrapping, token_lifetime_s=LIFETIME, clock=clock)
    await elsewhere.start()
    other_process = AccessTokens(elsewhere, ISSUER, LIFETIME, clock=clock)
    old = await good(tokens)
    await other_process.verify(old)
    old_kid = parts(old)[0]["kid"]
    clock.now += 2
    new_kid = await keys.rotate()
    new = await good(tokens)
    assert parts(new)[0]["kid"] == new_kid != old_kid
    for process in (tokens, other_process):
        await process.verify(old)
        await process.verify(new)
    assert {key["kid"] for key in (await keys.jwks())["keys"]} == {old_kid, new_kid}
    await keys.retire(old_kid)
    await assert_refused(tokens, old)
    clock.now += 6
    await assert_refused(other_process, old)
    await other_process.verify(new)
    assert [key["kid"] for key in (await elsewhere.jwks())["keys"]] == [new_kid]


async def test_an_old_key_ends_when_its_last_token_has(tokens: AccessTokens, keys: SigningKeys, clock: Clock) -> None:
    old_kid = (await keys.signer()).kid
    await keys.rotate()
    clock.now += LIFETIME - 1
    assert await keys.find(old_kid) is not None
    clock.now += 1
    assert await keys.find(old_kid) is None


async def test_tokens_are_verified_while_the_database_is_away(
    pool: "asyncpg.Pool[Any]", tokens: AccessTokens, clock: Clock
) -> None:
    token = await good(tokens)
    await pool.close()
    clock.now += 60
    assert (await tokens.verify(token)).account_id == ACCOUNT


async def test_retiring_the_signing_key_makes_a_new_one(tokens: AccessTokens, keys: SigningKeys) -> None:
    token = await good(tokens)
    await keys.retire(parts(token)[0]["kid"])
    await assert_refused(tokens, token)
    await tokens.verify(await good(tokens))


async def test_an_old_key_is_replaced_at_the_start(keys: SigningKeys, clock: Clock) -> None:
    first = (await keys.signer()).kid
    await keys.start()
    assert (await keys.signer()).kid == first
    clock.now += 31 * 24 * 3600
    await keys.start()
    second = (await keys.signer()).kid
    assert second != first
    clock.now += 31 * 24 * 3600
    assert (await keys.signer()).kid not in (first, second), "without a restart as well"


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "a.b", "a.b.c", "a.b.c.d", "é.é.é", "W10.W10.W10", "e30.e30.e30", "x" * 5000, "\x00.\x00.\x00"],
)
async def test_garbage_is_refused(tokens: AccessTokens, token: str) -> None:
    await assert_refused(tokens, token)


async def test_changed_content_is_refused(tokens: AccessTokens) -> None:
    token = await good(tokens)
    head, body, signature = token.split(".")
    payload = {**parts(token)[1], "role": "admin"}
    await assert_refused(tokens, f"{head}.{b64(payload)}.{signature}")
    await assert_refused(tokens, f"{head}.{body}.{signature[:-4]}AAAA")
    await assert_refused(tokens, f"{head}.{body}.")
