"""S3: whether the keys open it, the bucket is there, and a byte comes back as it went in."""

import re
import secrets
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from io import BytesIO
from typing import Final
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.error import InvalidResponseError, MinioException, S3Error

from cli.doctor.finding import Finding, fail, ok, warn

AREA: Final = "s3"
TIMEOUT_S: Final = 5.0
REGION: Final = "us-east-1"
SKEW_S: Final = 5.0
"""S3 refuses signatures 15 minutes away; presigned URLs that live a minute break much sooner."""
_KEYS: Final = frozenset({"SignatureDoesNotMatch", "InvalidAccessKeyId", "AccessDenied", "XAdminUserNotFound"})


def check_objects(url: str, access_key: str, secret_key: str, bucket: str) -> list[Finding]:
    """Puts one object `doctor/<random>` and takes it away again. Takes a few seconds at most."""
    parts = urlsplit(url)
    http = urllib3.PoolManager(timeout=TIMEOUT_S, retries=False)
    client = Minio(
        parts.netloc,
        access_key=access_key,
        secret_key=secret_key,
        secure=parts.scheme == "https",
        region=REGION,
        http_client=http,
    )
    findings: list[Finding] = []
    try:
        findings += _clock(http, url)
        next(iter(client.list_objects(bucket, prefix="doctor/")), None)  # a refusal of HEAD would not say why
        return [*findings, *_round_trip(client, bucket, url)]
    except (MinioException, urllib3.exceptions.HTTPError, OSError) as error:
        code = _code(error)
        if code == "NoSuchBucket":
            return [*findings, warn(AREA, f"There is no bucket {bucket}", "Start the services: they make it.")]
        return [*findings, _refused(code, url) if code else _silent(error, url)]
    finally:
        http.clear()


def _clock(http: urllib3.PoolManager, url: str) -> list[Finding]:
    """Any answer, also a refusal, has a Date (RFC 9110, 6.6.1)."""
    told = http.request("GET", url).headers.get("date")
    if told is None:
        return []
    skew = abs((parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds())
    if skew > SKEW_S:
        return [warn(AREA, f"Its clock is {skew:.0f} s away from this machine's", "Start NTP on both.")]
    return []


def _round_trip(client: Minio, bucket: str, url: str) -> list[Finding]:
    name, content = f"doctor/{secrets.token_hex(8)}", secrets.token_bytes(1024)
    began = time.monotonic()
    client.put_object(bucket, name, BytesIO(content), len(content))
    try:
        answer = client.get_object(bucket, name)
        try:
            same = answer.read() == content
        finally:
            answer.close()
            answer.release_conn()
    finally:
        client.remove_object(bucket, name)
    took = time.monotonic() - began
    if not same:
        return [fail(AREA, "An object came back changed", "Check the disks of the store at once.")]
    return [ok(AREA, f"Bucket {bucket} at {url}: put, got and deleted in {took * 1000:.0f} ms")]


def _code(error: Exception) -> str | None:
    """Why the store refused. Some send their refusals with a type that the client does not take for XML."""
    if isinstance(error, S3Error):
        return error.code
    found = re.search(r"<Code>(\w+)</Code>", str(error)) if isinstance(error, InvalidResponseError) else None
    return found[1] if found else None


def _silent(error: Exception, url: str) -> Finding:
    return fail(
        AREA,
        f"S3 does not answer at {url} ({type(error).__name__})",
        "`lathe up` starts it again by itself (its log: logs/s3.log); an external one: LATHE_S3_URL, network.",
    )


def _refused(code: str, url: str) -> Finding:
    if code in _KEYS:
        return fail(
            AREA,
            f"S3 at {url} does not accept the keys ({code})",
            "Set LATHE_S3_ACCESS_KEY and LATHE_S3_SECRET_KEY as the store has them, with rights on the bucket.",
        )
    if code == "RequestTimeTooSkewed":
        return fail(AREA, f"The clocks of S3 at {url} and of this machine differ too much", "Start NTP on both.")
    return fail(AREA, f"S3 at {url} refuses: {code}", "Look into the store's own log.")
