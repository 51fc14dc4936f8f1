"""Where the log and the database are, for commands that work on them directly."""

import os

import typer

from adapters.settings import SettingsError, load_settings
from cli.doctor.place import Place, find_place


def place() -> Place:
    """Where Kafka and PostgreSQL are known. Ends the command without them."""
    try:
        found = find_place(load_settings())
    except SettingsError as problem:
        typer.echo(problem, err=True)
        raise typer.Exit(78) from None
    if found.kafka_url is None or found.postgres_url is None:
        typer.echo(
            found.problem
            or "Lathe does not run here. Start it (`lathe up`), or set LATHE_KAFKA_URL and LATHE_POSTGRES_URL.",
            err=True,
        )
        raise typer.Exit(1)
    return found


def environment() -> dict[str, str]:
    """This process's, with the addresses of the running stack or of the settings. Ends the command without them."""
    found = place()
    told = {
        "LATHE_HOME": str(found.home.path),
        "LATHE_KAFKA_URL": found.kafka_url,
        "LATHE_POSTGRES_URL": found.postgres_url,
        "LATHE_S3_URL": found.s3_url,
        "LATHE_S3_ACCESS_KEY": found.s3_access_key,
        "LATHE_S3_SECRET_KEY": found.s3_secret_key,
    }
    return os.environ | {name: value for name, value in told.items() if value is not None}
