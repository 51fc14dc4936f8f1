"""Multipart forms read in one pass: each file is hashed while it is written to a temporary file.

Nothing is left behind when the client goes away, sends too much, or the request ends: the files live as long as the
`async with` block.
"""

import hashlib
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import unquote

import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from adapters.errors import Unavailable
from adapters.http.file_names import clean_name
from adapters.http.problems import pointer_of
from adapters.http.refusals import MalformedRequest, TooLarge, UnsupportedMedia
from adapters.http.strict_json import text_fault
from adapters.leftovers import SPOOL, own_prefix
from domain.errors import InvalidInput

_HEADER_BYTES: Final = 4096
_HEADERS_PER_PART: Final = 8


class FormLimits(msgspec.Struct, frozen=True):
    """Of one form. Sizes in bytes."""

    file_bytes: int
    files: int = 8
    fields: int = 64
    field_bytes: int = 64 * 1024


class ReceivedFile(msgspec.Struct, frozen=True):
    """A file part. `name` is cleaned, `media_type` only what the client says it is."""

    field: str
    name: str
    media_type: str
    path: Path
    bytes: int
    sha256: str


class Form(msgspec.Struct, frozen=True):
    fields: dict[str, str]
    files: list[ReceivedFile]

    def file(self, field: str) -> ReceivedFile:
        """The one file of `field`. Raises InvalidInput when it is missing or there are several."""
        found = [file for file in self.files if file.field == field]
        if len(found) != 1:
            what = "is missing" if not found else "was sent more than once"
            raise InvalidInput(f"The file part `{field}` {what}.", pointer=pointer_of([field]))
        return found[0]


@asynccontextmanager
async def receive_form(request: Request, limits: FormLimits, folder: Path | None = None) -> AsyncIterator[Form]:
    """Read a multipart/form-data body; temporary files go to `folder` (None: the system's) and end with the block.

    Raises UnsupportedMedia (not multipart), MalformedRequest, TooLarge, InvalidInput (a field twice).
    """
    media_type, options = parse_options_header(request.headers.get("content-type"))
    if media_type != b"multipart/form-data":
        raise UnsupportedMedia("The body must be multipart/form-data.")
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= 70:
        raise MalformedRequest("The multipart boundary is missing or too long (RFC 2046: 1 to 70 characters).")
    reader = _FormReader(boundary, limits, folder)
    try:
        async for chunk in request.stream():
            reader.feed(chunk)
        yield reader.finish()
    finally:
        reader.remove_files()


class _FormReader:
    """Callbacks of the parser, and what they have gathered."""

    def __init__(self, boundary: bytes, limits: FormLimits, folder: Path | None) -> None:
        self._limits, self._folder = limits, folder
        self._paths: list[Path] = []
        self._fields: dict[str, str] = {}
        self._files: list[ReceivedFile] = []
        self._parts = 0
        self._header_name, self._header_value = b"", b""
        self._headers: dict[bytes, bytes] = {}
        self._part: _FilePart | _FieldPart | None = None
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._part_begins,
                "on_header_field": self._header_field,
                "on_header_value": self._header_content,
                "on_header_end": self._header_ends,
                "on_headers_finished": self._headers_end,
                "on_part_data": self._part_data,
                "on_part_end": self._part_ends,
                "on_end": self._form_ends,
            },
            max_header_count=_HEADERS_PER_PART,
            max_header_size=_HEADER_BYTES,
        )

    def feed(self, chunk: bytes) -> None:
        if not chunk:
            return
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise MalformedRequest(f"The multipart body cannot be read: {error}.") from None

    def finish(self) -> Form:
        if not self._ended:
            raise MalformedRequest("The multipart body ends before its closing boundary.")
        return Form(self._fields, self._files)

    def remove_files(self) -> None:
        if isinstance(self._part, _FilePart):
            self._part.close()
        for path in self._paths:
            path.unlink(missing_ok=True)

    def _part_begins(self) -> None:
        self._parts += 1
        if self._parts > self._limits.fields + self._limits.files:
            raise TooLarge(f"The form has more than {self._limits.fields} fields and {self._limits.files} files.")
        self._headers = {}

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _header_content(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _header_ends(self) -> None:
        self._headers[self._header_name.lower()] = self._header_value
        self._header_name, self._header_value = b"", b""

    def _headers_end(self) -> None:
        kind, options = parse_options_header(self._headers.get(b"content-disposition", b"").decode("latin-1"))
        if kind != b"form-data" or b"name" not in options:
            raise MalformedRequest("A part has no `Content-Disposition: form-data; name=…`.")
        field = _text(options[b"name"], "A part's name")
        if b"filename" not in options:
            if len(self._fields) >= self._limits.fields:
                raise TooLarge(f"The form has more than {self._limits.fields} fields.")
            if field in self._fields:
                raise InvalidInput(f"The field `{field[:80]}` was sent more than once.", pointer=pointer_of([field]))
            self._part = _FieldPart(field, self._limits.field_bytes)
            return
        if len(self._files) >= self._limits.files:
            raise TooLarge(f"The form has more than {self._limits.files} files.")
        # Browsers write these three in percent encoding (WHATWG HTML, multipart/form-data encoding algorithm).
        name = _text(options[b"filename"], "A file's name")
        for escaped in ("%22", "%0D", "%0A"):
            name = name.replace(escaped, unquote(escaped))
        media_type, _ = parse_options_header(self._headers.get(b"content-type", b"").decode("latin-1"))
        self._part = _FilePart(
            field, clean_name(name), media_type.decode("latin-1")[:100], self._limits.file_bytes, self._folder
        )
        self._paths.append(self._part.path)

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._part is not None:
            self._part.write(data[start:end])

    def _part_ends(self) -> None:
        part, self._part = self._part, None
        if isinstance(part, _FilePart):
            self._files.append(part.received())
        elif part is not None:
            self._fields[part.field] = part.text()

    def _form_ends(self) -> None:
        self._ended = True


class _FieldPart:
    def __init__(self, field: str, most: int) -> None:
        self.field, self._most = field, most
        self._content = bytearray()

    def write(self, data: bytes) -> None:
        self._content += data
        if len(self._content) > self._most:
            raise TooLarge(f"The field `{self.field[:80]}` has more than {self._most} bytes.", limit=self._most)

    def text(self) -> str:
        return _text(bytes(self._content), f"The field `{self.field[:80]}`")


class _FilePart:
    def __init__(self, field: str, name: str, media_type: str, most: int, folder: Path | None) -> None:
        self.field, self._name, self._media_type, self._most = field, name, media_type, most
        descriptor, path = tempfile.mkstemp(prefix=own_prefix(SPOOL), dir=folder)
        self.path = Path(path)
        self._file: BinaryIO = os.fdopen(descriptor, "wb")
        self._hash, self._bytes = hashlib.sha256(), 0

    def write(self, data: bytes) -> None:
        self._bytes += len(data)
        if self._bytes > self._most:
            raise TooLarge(f"The file has more than {self._most} bytes.", limit=self._most)
        self._hash.update(data)
        try:
            self._file.write(data)
        except OSError as error:
            raise Unavailable(f"The file finds no room here at present: {error.strerror}.") from error

    def received(self) -> ReceivedFile:
        self._file.close()
        return ReceivedFile(self.field, self._name, self._media_type, self.path, self._bytes, self._hash.hexdigest())

    def close(self) -> None:
        self._file.close()


def _text(raw: bytes, what: str) -> str:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise MalformedRequest(f"{what} is not UTF-8.") from None
    if why := text_fault(text):
        raise MalformedRequest(f"{what}: {why[0].lower()}{why[1:]}.")
    return text
