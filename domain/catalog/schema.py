"""Parameters against a model's JSON Schema (2020-12), and such schemas themselves.

Pure: no reference is ever fetched.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final, NoReturn

import jsonschema_rs
import msgspec

from domain.errors import InvalidInput

MAX_ERRORS: Final = 20
ROOT: Final = "/params"
LARGEST_WHOLE: Final = 2**53
_encoder: Final = msgspec.json.Encoder(order="deterministic")


def validate_params(schema: dict[str, Any], params: dict[str, Any], root: str = ROOT) -> dict[str, Any]:
    """`params` with the defaults of the schema's properties for those left out; a new dict.

    Raises InvalidInput with `pointer` (of the first error) and `errors`, a list of {pointer, detail}; unknown members
    are pointed at one by one. `root` is where the parameters stand in the request. A schema's integer may be written
    5000.0: it is 5000 from here on.
    """
    validator, defaults = _compiled(_encoder.encode(schema))
    if not validator.is_valid(params):
        errors = []
        for pointer, detail in _explained(validator, params, root):
            errors.append({"pointer": pointer, "detail": detail})
            if len(errors) == MAX_ERRORS:
                break
        raise InvalidInput(errors[0]["detail"], pointer=errors[0]["pointer"], errors=errors)
    missing = {name: msgspec.json.decode(value) for name, value in defaults.items() if name not in params}
    return missing | {name: whole(value) for name, value in params.items()}


def whole(value: Any) -> Any:
    """The same JSON value with every number that is an integer as one, as far as doubles hold integers exactly."""
    match value:
        case float() if value.is_integer() and abs(value) <= LARGEST_WHOLE:
            return int(value)
        case dict():
            return {name: whole(member) for name, member in value.items()}
        case list():
            return [whole(item) for item in value]
    return value


def require_schema(schema: dict[str, Any], pointer: str = "/params_schema") -> None:
    """Raises InvalidInput unless this is a schema of an object without unknown members whose defaults are valid."""
    if schema.get("type") != "object" or schema.get("additionalProperties") is not False:
        raise InvalidInput(
            'A parameter schema has "type": "object" and "additionalProperties": false.', pointer=pointer
        )
    try:
        validator, defaults = _compiled(_encoder.encode(schema))
    except ValueError as error:
        raise InvalidInput(f"This is no JSON Schema: {error}", pointer=pointer) from None
    values = {name: msgspec.json.decode(value) for name, value in defaults.items()}
    required = set(schema.get("required", ())) - set(values)
    for wrong in validator.iter_errors(values):
        if isinstance(wrong.kind, jsonschema_rs.ValidationErrorKind.Required) and wrong.kind.property in required:
            continue
        raise InvalidInput(f"A default is not valid: {wrong.message}", pointer=pointer)


@lru_cache(maxsize=256)
def _compiled(schema: bytes) -> tuple[jsonschema_rs.Draft202012Validator, dict[str, bytes]]:
    parsed = msgspec.json.decode(schema)
    properties = parsed.get("properties", {})
    defaults = {name: _encoder.encode(p["default"]) for name, p in properties.items() if "default" in p}
    return jsonschema_rs.Draft202012Validator(parsed, retriever=_never_fetch), defaults


def _never_fetch(uri: str) -> NoReturn:
    raise ValueError(f"references to other documents are not allowed: {uri}")


def _explained(
    validator: jsonschema_rs.Draft202012Validator, params: dict[str, Any], root: str
) -> Iterator[tuple[str, str]]:
    for error in validator.iter_errors(params):
        pointer = root + "".join("/" + _escaped(part) for part in error.instance_path)
        if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.AdditionalProperties):
            for name in error.kind.unexpected:
                yield f"{pointer}/{_escaped(name)}", f"There is no parameter {name!r}."
        elif isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Required):
            yield f"{pointer}/{_escaped(error.kind.property)}", "This parameter is needed."
        else:
            yield pointer, error.message


def _escaped(part: str | int) -> str:
    """RFC 6901."""
    return str(part).replace("~", "~0").replace("/", "~1")
