"""`docs/asyncapi.yaml`: the log as AsyncAPI 3.0 tells it (https://www.asyncapi.com/docs/reference/specification/v3.0.0).

Channels are topics, with the Kafka bindings 0.5.0 (partitions, retention); messages are events with their headers, and
the golden samples are their examples. AsyncAPI's own schema language is that of draft 07: the schemas are told in it.
"""

import json
import tomllib
from collections.abc import Mapping
from typing import Any, Final

import yaml

from adapters.contract.channels import PLACES
from adapters.contract.landed import ROOT, Landed, sample_of
from adapters.kafka import topics
from adapters.kafka.topics import Topic

PATH: Final = ROOT / "docs" / "asyncapi.yaml"
BINDING: Final = "0.5.0"
DESCRIPTION: Final = """\
The event log of Lathe. One event is one Kafka record: CloudEvents 1.0 in Kafka's binary mode, JSON in UTF-8 of at \
most 64 KiB, money in integer micro-credits, times in RFC 3339 UTC. New optional fields may come at any time: pass \
over what you do not know. An event's type never changes its meaning; a new version is a new type (`….v2`).

Security and privacy. The broker is for the services and for those whom the operator trusts: whoever reads a topic \
reads it whole. Restrict it by network and by Kafka's ACLs; only the writer that a channel names may have Write. \
Fields marked `x-personal` are AES-GCM ciphertext under a key of their account, which is not in the log: destroying \
it erases them everywhere. All other fields are in clear on purpose, and hold no personal data.

Owned topics (`x-owned`) hold void records after a change of owner: a record counts only by the read rule \
(docs/decisions/0001-ownership-in-the-log.md). Use Lathe's own reader, as docs/how-to/read-the-log.md shows.
"""
_TEXT: Final = {"type": "string"}
_NUMBER: Final = {"type": "string", "pattern": "^[0-9]+$"}
HEADERS: Final[Mapping[str, tuple[str, dict[str, str]]]] = {
    "ce_specversion": ("CloudEvents: always `1.0`.", _TEXT),
    "ce_id": ("UUIDv7 of the event; associated data of its sealed fields.", _TEXT),
    "ce_type": ("The type of the event: the contract.", _TEXT),
    "ce_source": ("The service that wrote it.", _TEXT),
    "ce_time": ("When it was decided, UTC.", {"type": "string", "format": "date-time"}),
    "ce_subject": ("The task, file, user, model or worker it is about.", _TEXT),
    "ce_dataschema": ("Where its JSON Schema lies.", _TEXT),
    "content-type": ("Always `application/json`.", _TEXT),
    "ce_actor": ("Who caused it: `user/<account id>`, `service/<name>` or `system`.", _TEXT),
    "ce_correlationid": ("The request at the edge; the same through all that follows from it.", _TEXT),
    "ce_causationid": ("`ce_id` of the event that led to this one.", _TEXT),
    "ce_commandid": ("The command that led to it.", _TEXT),
    "traceparent": ("W3C Trace Context.", _TEXT),
    "ce_taskseq": ("1, 2, 3… per task, on task events of lathe.accounts.", _NUMBER),
    "ce_idempotencykey": ("Keyed hash of caller, method, route and Idempotency-Key.", _TEXT),
    "ce_idempotencydigest": ("Keyed hash of what was asked for.", _TEXT),
    "ce_streamversion": ("1, 2, 3… per key on owned topics, without holes.", _NUMBER),
    "ce_ownerepoch": ("Owned topics: the epoch of the owner that wrote it.", _NUMBER),
    "ce_ownerseq": ("Owned topics: its place within the epoch; 0 is a claim.", _NUMBER),
    "ce_ownernonce": ("On claims: what makes this one unlike any other.", _TEXT),
}
REQUIRED: Final = ("ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time", "ce_subject", "ce_dataschema",
                   "content-type", "ce_actor", "ce_correlationid")  # fmt: skip


def document(published: Landed, present: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """The whole document; `published` names the newest revision of each event, whose samples are the examples."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    names = {topic: [n for n, s in sorted(present.items()) if topic.name in s["x-topics"]] for topic in topics.ALL}
    schemas: dict[str, Any] = {}
    for schema in present.values():
        schemas |= {name: draft_07(inner) for name, inner in schema.get("$defs", {}).items()}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Lathe event log", "version": version, "description": DESCRIPTION},
        "defaultContentType": "application/json",
        "servers": {
            "kafka": {
                "host": "localhost:9092",
                "protocol": "kafka",
                "description": "`lathe doctor` says where the broker listens. The embedded one listens on this machine "
                "alone, without authentication; a shared one needs ACLs.",
            }
        },
        "channels": {topic.name: _channel(topic, of_topic) for topic, of_topic in names.items()},
        "operations": {
            f"read.{topic.name}": {
                "action": "receive",
                "channel": {"$ref": f"#/channels/{topic.name}"},
                "summary": f"Follow {topic.name}",
            }
            for topic in topics.ALL
        },
        "components": {
            "messages": {
                name: _message(name, schema, max(published[name])) for name, schema in sorted(present.items())
            },
            "schemas": dict(sorted(schemas.items())) | {"Headers": _headers()},
        },
    }


def text(published: Landed, present: Mapping[str, dict[str, Any]]) -> str:
    """The document as YAML."""
    plain = json.loads(json.dumps(document(published, present)))
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=120)


def draft_07(schema: Any) -> Any:
    """A schema of 2020-12 as draft 07 tells it; its definitions are the document's components."""
    if isinstance(schema, list):
        return [draft_07(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found: dict[str, Any] = {}
    for name, value in schema.items():
        if name in ("$schema", "$id", "$defs"):
            continue
        if name == "$ref":
            found[name] = value.replace("#/$defs/", "#/components/schemas/")
        elif name == "properties":
            found[name] = {field: draft_07(about) for field, about in value.items()}
        elif name == "prefixItems":
            found["items"] = draft_07(value)
            found["additionalItems"] = False
        elif name == "items" and "prefixItems" in schema:
            continue
        else:
            found[name] = value if name in ("default", "enum", "const", "required") else draft_07(value)
    if "$ref" in found and len(found) > 1:  # draft 07 passes over what stands beside a reference
        found["allOf"] = [{"$ref": found.pop("$ref")}]
    return found


def _channel(topic: Topic, names: list[str]) -> dict[str, Any]:
    place = PLACES[topic]
    kept = "for ever" if topic.retention_ms < 0 else f"{topic.retention_ms // topics.DAY_MS} d"
    return {
        "address": topic.name,
        "description": f"{place.holds} Key: {place.key}. Only writer: {place.writer}. Kept {kept}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {"cleanup.policy": ["delete"], "retention.ms": topic.retention_ms},
                "bindingVersion": BINDING,
            }
        },
        "x-owned": topic.owned,
        "x-writer": place.writer,
    }


def _message(name: str, schema: dict[str, Any], revision: int) -> dict[str, Any]:
    place = PLACES[next(topic for topic in topics.ALL if topic.name in schema["x-topics"])]
    is_claim = len(schema["x-topics"]) > 1
    key = {"type": "string", "description": "`owner/<partition>`" if is_claim else place.key}
    message: dict[str, Any] = {
        "name": name,
        "title": schema["title"],
        "summary": schema["description"],
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/Headers"},
        "payload": draft_07(schema),
        "bindings": {"kafka": {"key": key, "bindingVersion": BINDING}},
        "x-revision": revision,
    }
    path = sample_of(name, revision)
    if path.exists():
        sample = json.loads(path.read_text())
        message["examples"] = [{"name": "golden", "headers": sample["headers"], "payload": sample["value"]}]
    return message


def _headers() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: schema | {"description": told} for name, (told, schema) in HEADERS.items()},
        "required": list(REQUIRED),
    }
