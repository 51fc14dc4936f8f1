"""Refusals that HTTP itself brings: sizes, media types, rates. Members of the one tree of `domain/errors.py`."""

from domain.errors import DomainError


class MalformedJson(DomainError):
    """The body is not I-JSON (RFC 7493): syntax, repeated members, numbers that do not fit, lone surrogates."""

    code, status, title = "malformed-json", 400, "The body is not valid JSON"


class MalformedRequest(DomainError):
    """A header, multipart body or path that cannot be read."""

    code, status, title = "malformed-request", 400, "The request cannot be read"


class OriginRefused(DomainError):
    code, status, title = "origin-refused", 403, "Requests from this origin are not accepted"


class TooSlow(DomainError):
    """The body came too slowly."""

    code, status, title = "too-slow", 408, "The request took too long to arrive"


class InFlight(DomainError):
    """A request with the same Idempotency-Key is being worked on."""

    code, status, title = "in-flight", 409, "The same request is being worked on"


class TooLarge(DomainError):
    """More bytes, pixels, parts or fields than is taken."""

    code, status, title = "too-large", 413, "Too large"


class UnsupportedMedia(DomainError):
    code, status, title = "unsupported-media-type", 415, "This kind of content is not accepted"


class RangeNotSatisfiable(DomainError):
    """`extra["size"]` is the length of the whole in bytes."""

    code, status, title = "range-not-satisfiable", 416, "The range cannot be served"


class RateLimited(DomainError):
    """`extra["retry_after_s"]` tells when to come again."""

    code, status, title = "rate-limited", 429, "Too many requests"
