"""Presigned uploads of one exact length: AWS Signature Version 4 in the query, with `content-length` among what is
signed (https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html). The minio client signs the host
alone.
"""

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urlsplit

_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_SIGNED: Final = "content-length;host"
LONGEST_S: Final = 7 * 24 * 3600
"""S3 takes no longer expiry."""


def presigned_upload(
    url: str, bucket: str, key: str, length: int, *, access_key: str, secret_key: str, region: str, expires_s: int
) -> str:
    """The URL to PUT exactly `length` bytes to, of an object store that clients reach at `url`.

    Raises ValueError for an expiry that S3 would not take.
    """
    if not 0 < expires_s <= LONGEST_S:
        raise ValueError(f"an upload expires in 1 to {LONGEST_S} s, not {expires_s}")
    parts = urlsplit(url)
    path = quote(f"/{bucket}/{key}")
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{moment[:8]}/{region}/s3/aws4_request"
    query = "&".join(
        f"{name}={quote(value, safe='')}"
        for name, value in (
            ("X-Amz-Algorithm", _ALGORITHM),
            ("X-Amz-Credential", f"{access_key}/{scope}"),
            ("X-Amz-Date", moment),
            ("X-Amz-Expires", str(expires_s)),
            ("X-Amz-SignedHeaders", _SIGNED),
        )
    )
    headers = f"content-length:{length}\nhost:{parts.netloc}\n"
    request = "\n".join(("PUT", path, query, headers, _SIGNED, "UNSIGNED-PAYLOAD"))
    wanted = "\n".join((_ALGORITHM, moment, scope, hashlib.sha256(request.encode()).hexdigest()))
    signature = hmac.new(_signing_key(secret_key, moment[:8], region), wanted.encode(), hashlib.sha256).hexdigest()
    return f"{parts.scheme}://{parts.netloc}{path}?{query}&X-Amz-Signature={signature}"


def _signing_key(secret_key: str, day: str, region: str) -> bytes:
    key = f"AWS4{secret_key}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
