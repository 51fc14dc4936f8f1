"""Access tokens: JWTs (RFC 9068, `at+jwt`) signed with EdDSA, verified strictly and once.

The algorithm is pinned, the key comes from our own set by `kid`, and the header may hold nothing but alg, typ and kid:
no `jku`, `jwk`, `x5u` or `crit` is ever looked at. Role and token version must still be compared with the identity fold
on every request: a demoted or deleted user's token stays formally valid until it expires.
"""

import base64
import binascii
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Annotated, Any, Final

import jwt
import msgspec
import orjson

from adapters.security.signing_keys import SigningKeys
from domain.errors import Unauthenticated

AUDIENCE: Final = "lathe"
ROLES: Final = frozenset({"user", "operator", "admin", "service"})
_LONGEST: Final = 2048
_UUID: Final = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z"
_Natural = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
_LEEWAY_S: Final = 5
"""Seconds by which clocks of our processes may differ."""


class Claims(msgspec.Struct, frozen=True):
    """Who calls. Times in seconds since 1970."""

    account_id: str
    user_id: int
    role: str
    token_version: int
    session_id: str
    expires_at: int


class _Payload(msgspec.Struct, frozen=True):
    """The claims on the wire. Numbers must be JSON integers: a text or a float is no time."""

    iss: str
    aud: str
    sub: Annotated[str, msgspec.Meta(pattern=_UUID)]
    uid: _Natural
    role: str
    tv: _Natural
    sid: str
    iat: _Natural
    nbf: _Natural
    exp: _Natural


_decoder = msgspec.json.Decoder(_Payload)


class AccessToken(msgspec.Struct, frozen=True):
    token: str
    expires_in: int
    """Seconds."""


class AccessTokens:
    """Issues and verifies. Verified tokens are remembered until they expire or the key set changes."""

    def __init__(
        self,
        keys: SigningKeys,
        issuer: str,
        lifetime_s: int,
        *,
        capacity: int = 20_000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._keys, self._issuer, self._lifetime_s = keys, issuer, lifetime_s
        self._capacity, self._clock = capacity, clock
        self._verified: OrderedDict[str, Claims] = OrderedDict()
        self._revision = -1

    async def issue(
        self, *, account_id: str, user_id: int, role: str, token_version: int, session_id: str = ""
    ) -> AccessToken:
        """A token for `lifetime_s` seconds."""
        key, now = await self._keys.signer(), int(self._clock())
        payload = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": account_id,
            "uid": user_id,
            "role": role,
            "tv": token_version,
            "sid": session_id,
            "iat": now,
            "nbf": now,
            "exp": now + self._lifetime_s,
            "jti": secrets.token_urlsafe(9),
        }
        token = jwt.encode(payload, key.private, "EdDSA", headers={"typ": "at+jwt", "kid": key.kid})
        return AccessToken(token, self._lifetime_s)

    async def verify(self, token: str) -> Claims:
        """Who the token speaks for. Raises Unauthenticated, with a reason that helps no attacker."""
        revision = await self._keys.freshen()
        if revision != self._revision:
            self._verified.clear()
            self._revision = revision
        known = self._verified.get(token)
        if known is not None:
            if known.expires_at > self._clock():
                return known
            del self._verified[token]
        claims = await self._checked(token)
        self._verified[token] = claims
        if len(self._verified) > self._capacity:
            self._verified.popitem(last=False)
        return claims

    async def _checked(self, token: str) -> Claims:
        header = _header(token)
        if header.get("alg") != "EdDSA" or header.get("typ") != "at+jwt" or header.keys() != {"alg", "typ", "kid"}:
            raise _refusal("it is not one of ours")
        kid = header["kid"]
        public = await self._keys.find(kid) if isinstance(kid, str) else None
        if public is None:
            raise _refusal("its key is not (or no longer) in use")
        try:
            content = jwt.api_jws.decode(token, public, algorithms=["EdDSA"])
        except jwt.InvalidTokenError:
            raise _refusal("its signature is wrong") from None
        try:
            payload = _decoder.decode(content)
        except msgspec.MsgspecError:
            raise _refusal("its claims are malformed") from None
        return self._claims(payload)

    def _claims(self, content: "_Payload") -> Claims:
        if content.iss != self._issuer or content.aud != AUDIENCE:
            raise _refusal("it was made for another service")
        now = self._clock()
        if content.exp <= now:
            raise _refusal("it has expired")
        if max(content.nbf, content.iat) > now + _LEEWAY_S:
            raise _refusal("it is not valid yet")
        if content.exp - content.iat > self._lifetime_s or content.exp > now + self._lifetime_s + _LEEWAY_S:
            raise _refusal("it would live too long")
        if content.role not in ROLES:
            raise _refusal("its role is unknown")
        return Claims(content.sub, content.uid, content.role, content.tv, content.sid, content.exp)


def _header(token: str) -> dict[str, Any]:
    head, dot, rest = token.partition(".")
    if len(token) > _LONGEST or not dot or rest.count(".") != 1:
        raise _refusal("it is malformed")
    try:
        header = orjson.loads(base64.b64decode(head + "=" * (-len(head) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        raise _refusal("it is malformed") from None
    if not isinstance(header, dict):
        raise _refusal("it is malformed")
    return header


def _refusal(why: str) -> Unauthenticated:
    return Unauthenticated(f"The access token is not accepted: {why}.")
