"""Forged, foreign, stale and stolen access tokens at a path of the write side (bad-inputs 29-36): 401 and an audit."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from adapters.ids import new_id
from tests.command_api.world import User, World, refused

MUG = {"prompt": "a mug"}


def b64(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def opened(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    head, body, _ = token.split(".")
    return json.loads(base64.urlsafe_b64decode(head + "==")), json.loads(base64.urlsafe_b64decode(body + "=="))


def signed(header: Any, payload: Any, key: Ed25519PrivateKey) -> str:
    content = f"{b64(header)}.{b64(payload)}"
    return f"{content}.{b64(key.sign(content.encode()))}"


async def assert_out(here: World, why: str, authorization: str | bytes) -> None:
    with here.nothing_written():
        answer = await here.post("/generate", json=MUG, headers={"authorization": authorization})
        assert answer.status_code == 401, why
        refused(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"] == 'Bearer realm="lathe"'
    await here.parts.audit.flush()
    noted = await here.parts.pool.fetchval(
        "SELECT kind FROM ops.audit WHERE request_id = $1", answer.headers["x-request-id"]
    )  # fmt: skip
    assert noted == "unauthenticated", why


async def key_of(here: World) -> Ed25519PrivateKey:
    return (await here.parts.tokens._keys.signer()).private


async def assert_in(here: World, token: str) -> None:
    answer = await here.post("/generate", json=MUG, headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 202, answer.text


async def test_29_to_33_headers(here: World) -> None:
    ann = await here.user()
    header, payload = opened(ann.token)
    key = await key_of(here)
    await assert_in(here, signed(header, payload, key))
    raw = key.public_key().public_bytes_raw()
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for alg in ("none", "None", "NONE", "nOnE", ""):
        unsigned = f"{b64(header | {'alg': alg})}.{b64(payload)}."
        await assert_out(here, f"29 {alg}", f"Bearer {unsigned}")
        await assert_out(here, f"29 {alg}", f"Bearer {signed(header | {'alg': alg}, payload, key)}")
    for secret in (raw, pem, b64(raw).encode()):
        content = f"{b64(header | {'alg': 'HS256'})}.{b64(payload)}"
        mac = hmac.new(secret, content.encode(), hashlib.sha256).digest()
        await assert_out(here, "30", f"Bearer {content}.{b64(mac)}")
    for kid in ("../../../dev/null", "' OR 1=1 --", "unknown", "", None, 1, ["a"], "x" * 5000, "\x00"):
        await assert_out(here, f"31 {kid!r}", f"Bearer {signed(header | {'kid': kid}, payload, key)}")
    mine = Ed25519PrivateKey.generate()
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64(mine.public_key().public_bytes_raw())}
    for more in ({"jku": "http://evil.example/jwks"}, {"x5u": "http://evil.example/c"}, {"jwk": jwk}, {"x5c": ["MII"]},
                 {"crit": ["exp"]}, {"crit": ["b64"], "b64": False}, {"zip": "DEF"}):  # fmt: skip
        await assert_out(here, f"32, 33 {more}", f"Bearer {signed(header | more, payload, mine)}")
        await assert_out(here, f"32, 33 {more}", f"Bearer {signed(header | more, payload, key)}")
    await assert_out(here, "another key", f"Bearer {signed(header, payload, mine)}")


async def test_34_35_claims(here: World) -> None:
    ann = await here.user()
    header, payload = opened(ann.token)
    key, now = await key_of(here), int(time.time())
    for change in (
        {"aud": "another"}, {"aud": ["lathe"]}, {"aud": None}, {"iss": "http://evil.example"}, {"iss": None},
        {"exp": now - 1}, {"exp": str(now + 60)}, {"exp": 2**53}, {"exp": now + 10**9}, {"exp": 1e400}, {"exp": None},
        {"nbf": now + 600}, {"iat": now + 600}, {"nbf": "0"}, {"role": "root"}, {"tv": -1}, {"tv": "1"},
        {"uid": 0}, {"uid": -1}, {"uid": ann.user_id + 1}, {"uid": 2**60}, {"sub": new_id()}, {"sub": "x"},
    ):  # fmt: skip
        await assert_out(here, f"34, 35 {change}", f"Bearer {signed(header, payload | change, key)}")
    for typ in ("JWT", "rt+jwt", "", None, 1):
        await assert_out(here, f"34 {typ}", f"Bearer {signed(header | {'typ': typ}, payload, key)}")
    await assert_out(here, "34 a refresh token", f"Bearer {ann.refresh_token}")
    demoted = signed(header, payload | {"role": "admin"}, key)
    await assert_in(here, demoted)  # the role of the token counts for nothing: that of the fold does
    head, body, mac = ann.token.split(".")
    for garbage in ("", "x", "..", f"{head}.{body}", f"{head}.{body}.{mac}.x", f"{head}.{body}.{mac[:-4]}AAAA",
                    "é" * 40, "x" * 100_000, ann.token + "\x00"):  # fmt: skip
        await assert_out(here, f"garbage {garbage[:20]!r}", f"Bearer {garbage}".encode("latin-1"))
    for scheme in (ann.token, f"Basic {ann.token}", f"Token {ann.token}", "Bearer", "Bearer  "):
        await assert_out(here, "scheme", scheme)


async def test_36_a_retired_key(here: World) -> None:
    ann = await here.user()
    old = opened(ann.token)[0]["kid"]
    await here.parts.tokens._keys.retire(old)
    await assert_out(here, "36", f"Bearer {ann.token}")
    again = await here.login(ann.username)
    assert opened(again["access_token"])[0]["kid"] != old
    await assert_in(here, again["access_token"])


async def test_42_foreign_origins(here: World) -> None:
    ann: User = await here.user()
    with here.nothing_written():
        for origin in ("null", "https://evil.example", "http://lathe.test.evil.example", "http://lathe.tes", "file://"):
            answer = await here.post("/generate", ann, json=MUG, headers={"origin": origin})
            refused(answer, 403, "origin-refused")
            assert "access-control-allow-origin" not in answer.headers
            preflight = await here.send(
                "OPTIONS", "/generate", headers={"origin": origin, "access-control-request-method": "POST"}
            )
            assert preflight.status_code == 403
    own = await here.post("/generate", ann, json=MUG, headers={"origin": "http://lathe.test"})
    assert own.status_code == 202
