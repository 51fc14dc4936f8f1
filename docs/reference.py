"""Reference pages that are made from the code itself, so that they cannot drift: settings, events, problems, engines,
the HTTP API and the command line. `docs/hooks.py` gives them to the site; each function returns one page in Markdown.
"""

import inspect
import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))


def settings() -> str:
    """Every setting, its default and what it is for."""
    from adapters.settings import PREFIX
    from tests.settings_example import COMMANDS, FROM_THE_ENVIRONMENT, GROUPS, SET_BY_UP

    page = [
        "# Settings",
        "Read from the environment, or from a file `.env`. The same list, ready to copy, is `.env.example`.",
    ]
    for title, group in GROUPS:
        rows = []
        for name, field in group.model_fields.items():
            if name == "limits":
                continue
            aliases = getattr(field.validation_alias, "choices", ())
            others = [str(alias) for alias in aliases if re.fullmatch("[A-Z0-9_]+", str(alias))][1:]
            note = f" Also read from {', '.join(f'`{other}`' for other in others)}." if others else ""
            note += " Set by `lathe up` for its processes." if name in SET_BY_UP else ""
            rows.append((f"`{PREFIX}{name.upper()}`", _default(field.default), f"{field.description}{note}"))
        page += [f"## {title}", _table(("variable", "default", "meaning"), rows)]
    variables = ((f"`{variable}`", meaning) for variable, meaning in COMMANDS)
    page += [f"## {FROM_THE_ENVIRONMENT}", _table(("variable", "meaning"), variables)]
    return "\n\n".join(page) + "\n"


def events() -> str:
    """The data dictionary of the log: every event by topic, its fields, their types and units, and what is personal."""
    from adapters.contract.channels import PLACES
    from adapters.contract.fields import fields_of
    from adapters.contract.landed import present, read
    from adapters.kafka import topics

    page = [
        "# Events: the data dictionary",
        "One event is one Kafka record: CloudEvents 1.0 in Kafka's binary mode, JSON, money in integer micro-credits, "
        'times in RFC 3339 UTC. `Sealed` fields are personal: encrypted under the account\'s key, `{"$enc": "v1:…"}`. '
        "Owned topics (`lathe.identity`, `lathe.catalog`, `lathe.accounts`, `lathe.assignments`) are read by the "
        "[read rule](../decisions/0001-ownership-in-the-log.md). The same for programs: a JSON Schema of each event, "
        "and all of the log as [AsyncAPI 3.0](../asyncapi.yaml). On the terminal: `lathe events schema`. "
        "[How an event may change](../how-to/change-an-event.md).",
    ]
    schemas, landed = present(), read()

    def described(name: str) -> Iterator[str]:
        return _event(name, schemas[name], max(landed[name]), fields_of(schemas[name]))

    shared = {name for name, schema in schemas.items() if len(schema["x-topics"]) > 1}
    for topic in topics.ALL:
        place = PLACES[topic]
        kept = "for ever" if topic.retention_ms < 0 else f"{topic.retention_ms // topics.DAY_MS} d"
        page += [
            f"## {topic.name}",
            f"{place.holds} Partitions: {topic.partitions}. Key: {place.key}. Writer: {place.writer}. Kept {kept}.",
        ]
        own = [name for name, schema in schemas.items() if topic.name in schema["x-topics"] and name not in shared]
        page += [part for name in own for part in described(name)]
    page += ["## All owned topics", "These stand in every owned topic."]
    page += [part for name in sorted(shared) for part in described(name)]
    return "\n\n".join(part for part in page if part) + "\n"


def export_columns() -> str:
    """The data dictionary: columns of an export, in their order."""
    from adapters.kafka.analysis.columns import COLUMNS

    page = [
        "# Export: the data dictionary",
        "Columns of the Parquet files that `lathe events export` writes "
        "([how to use them](../how-to/analyse-the-log.md)). One row is one valid event; `topic`, `partition` and "
        "`log_offset` together are unique. What an event does not have is NULL. New columns come at the end; names and "
        "types stay. Money is in integer micro-credits. `ce_…` are headers of the record. What each event says in "
        "`event` stands in the [events' reference](events.md); fields shown as `Sealed` there are encrypted here too.",
        _table(("column", "type", "meaning"), ((f"`{one.name}`", f"`{one.type}`", one.meaning) for one in COLUMNS)),
        "## JSON lines",
        "With an output that ends in `.jsonl`, and in `lathe events cat` and `tail`, a line is a CloudEvent in JSON "
        "(`application/cloudevents+json`): the attributes under their CloudEvents names, the event in `data`, and the "
        "place in the log as the extensions `kafkatopic`, `kafkapartition`, `kafkaoffset` and `partitionkey`. A value "
        "that is no JSON stands in `data_base64`; `undecodable` says why Lathe cannot read it.",
    ]
    return "\n\n".join(page) + "\n"


def problems() -> str:
    """The catalogue of problem types."""
    from adapters.http.catalogue import PROBLEMS
    from adapters.http.explanations import EXPLAINED

    page = [
        "# Problem types",
        "Every refusal is `application/problem+json` (RFC 9457). `type` is stable: branch on it, never on `title`, "
        "which follows `Accept-Language`, or `detail`, which is for people. `errors` names places by JSON pointer; "
        "`request_id` finds the request in the logs.",
    ]
    for code, kind in PROBLEMS.items():
        page.append(f"## {code}")
        page.append(f"`/problems/{code}` · {kind.status} · {kind.en} · {kind.ru}")
        page += [EXPLAINED[code].means_en, f"What to do: {EXPLAINED[code].do_en}"]
    return "\n\n".join(page) + "\n"


def engines() -> str:
    """The engines that come with Lathe, with their parameters."""
    page = ["# Engines", "`GET /generate/models` answers with what an installation offers; these come with it."]
    for model in json.loads((ROOT / "domain" / "catalog" / "builtin.json").read_text()):
        price = model["price"] / 1_000_000
        page += [
            f"## {model['model']}",
            f"{model['title']}. Takes {' or '.join(model['kinds'])}; costs {price:g} credits; "
            f"usually {model['typical_seconds']:g} s. Version {model['version']}.",
            _table(
                ("parameter", "values", "default", "meaning"),
                (
                    (f"`{name}`", _values(schema), _default(schema.get("default")), schema.get("description", ""))
                    for name, schema in model["params_schema"].get("properties", {}).items()
                ),
            ),
        ]
    return "\n\n".join(page) + "\n"


def api() -> str:
    """Every operation of the HTTP API; the full schemas are in the specification."""
    document = yaml.safe_load((ROOT / "docs" / "api_spec.yaml").read_text())
    page = [
        "# HTTP API",
        "The specification: [English](../api_spec.yaml), [Russian](../api_spec.ru.yaml) (OpenAPI 3.1). A running "
        "installation shows it at `/docs` and `/redoc`.",
    ]
    tags = {tag["name"]: tag["description"] for tag in document["tags"]}
    for tag, title in tags.items():
        page.append(f"## {title}")
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                if isinstance(operation, dict) and tag in operation.get("tags", ()):
                    answers = ", ".join(f"`{status}`" for status in operation.get("responses", {}))
                    page += [
                        f"### {method.upper()} {path}",
                        f"**{operation.get('summary', '')}.** {operation.get('description', '')}\n\nAnswers: {answers}",
                    ]
    return "\n\n".join(page) + "\n"


def command_line() -> str:
    """Every subcommand of `lathe`, as its own help tells it."""
    import click
    import typer

    from cli.main import app

    page = ["# Command line", "`lathe` is installed as `.venv/bin/lathe`; `lathe COMMAND --help` tells the same."]

    def describe(command: Any, name: str) -> None:
        context = click.Context(command, info_name=name)
        page.append(f"## {name}")
        page.append(inspect.cleandoc(command.help or ""))
        rows = []
        for parameter in command.get_params(context):
            if parameter.name == "help":
                continue
            shown = ", ".join(f"`{opt}`" for opt in (*parameter.opts, *parameter.secondary_opts))
            rows.append((shown if parameter.param_type_name == "option" else f"`{parameter.name.upper()}`",
                         getattr(parameter, "help", None) or ""))  # fmt: skip
        if rows:
            page.append(_table(("argument or option", "meaning"), rows))
        for child_name, child in getattr(command, "commands", {}).items():
            describe(child, f"{name} {child_name}")

    root = typer.main.get_command(app)
    for child_name, child in getattr(root, "commands", {}).items():
        describe(child, f"lathe {child_name}")
    return "\n\n".join(part for part in page if part) + "\n"


def access() -> str:
    """Who may do what: the access matrix that a test enforces on every route."""
    matrix = yaml.safe_load((ROOT / "docs" / "access-matrix.yaml").read_text())
    roles = ("anonymous", "user", "owner", "operator", "admin", "service")
    kinds = matrix["kinds"]
    page = [
        "# Access matrix",
        "Data of the repository (`docs/access-matrix.yaml`), enforced by a test over every route of both services. "
        "`user`, `operator` and `admin` own nothing here; `service` is a process of the deployment. A number is the "
        "status of the refusal; 404 is what a missing resource gets, too.",
        _table(
            ("operation", *roles),
            (
                (
                    f"`{name}`",
                    *(
                        "yes" if kinds[kind]["access"][role] is True else str(kinds[kind]["access"][role])
                        for role in roles
                    ),
                )
                for name, kind in matrix["operations"].items()
            ),
        ),
        "## Kinds of operations",
        *(f"- **{name}**: {kind['en']}" for name, kind in kinds.items()),
    ]
    return "\n\n".join(page) + "\n"


PAGES: Final = {
    "reference/settings.md": settings,
    "reference/events.md": events,
    "reference/export.md": export_columns,
    "reference/problems.md": problems,
    "reference/engines.md": engines,
    "reference/api.md": api,
    "reference/cli.md": command_line,
    "reference/access.md": access,
}


def _event(name: str, schema: dict[str, Any], revision: int, fields: Iterable[Any]) -> Iterator[str]:
    yield f"### {name}"
    yield f"{schema['description']} [Schema](../events/{name}.schema.json), revision {revision}."
    rows = [
        (
            f"`{field.path}`",
            f"`{field.type}`",
            ", ".join(filter(None, ("" if field.required else "optional", "personal" if field.personal else ""))),
            field.unit,
            field.description,
        )
        for field in fields
    ]
    if rows:
        yield _table(("field", "type", "", "unit", "meaning"), rows)


def _values(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_values(schema.get('items', {}))}"
    low, high = schema.get("minimum"), schema.get("maximum")
    limits = f" {low:g} to {high:g}" if low is not None and high is not None else ""
    return f"{schema.get('type', '')}{limits}"


def _default(value: Any) -> str:
    if value is None or type(value).__name__ == "PydanticUndefinedType" or value == ():
        return ""
    if isinstance(value, tuple):
        return f"`{','.join(str(part) for part in value)}`"
    return f"`{json.dumps(value) if isinstance(value, (list, dict, bool)) else value}`"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    def lines() -> Iterator[str]:
        columns = list(head)
        yield f"| {' | '.join(columns)} |"
        yield f"|{'---|' * len(columns)}"
        for row in rows:
            yield f"| {' | '.join(_cell(str(text)) for text in row)} |"

    return "\n".join(lines())


def _cell(text: str) -> str:
    """Markdown for a cell of a table: `<LATHE_HOME>` is no tag of HTML, in code or out of it."""
    pieces = " ".join(text.split()).replace("|", "\\|").split("`")
    return "`".join(piece if number % 2 else piece.replace("<", "&lt;") for number, piece in enumerate(pieces))
