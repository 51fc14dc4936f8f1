"""Where the log and the database are, for commands that work on them directly."""

import os

import typer

from adapters.settings import SettingsError, load_settings
from cli.doctor.place import find_place


def environment() -> dict[str, str]:
    """This process's, with the addresses of the running stack or of the settings. Ends the command without them."""
    try:
        place = find_place(load_settings())
    except SettingsError as problem:
        typer.echo(problem, err=True)
        raise typer.Exit(78) from None
    if place.kafka_url is None or place.postgres_url is None:
        typer.echo(
            "Lathe does not run here. Start it (`lathe up`), or set LATHE_KAFKA_URL and LATHE_POSTGRES_URL.", err=True
        )
        raise typer.Exit(1)
    told = {
        "LATHE_HOME": str(place.home.path),
        "LATHE_KAFKA_URL": place.kafka_url,
        "LATHE_POSTGRES_URL": place.postgres_url,
        "LATHE_S3_URL": place.s3_url,
        "LATHE_S3_ACCESS_KEY": place.s3_access_key,
        "LATHE_S3_SECRET_KEY": place.s3_secret_key,
    }
    return os.environ | {name: value for name, value in told.items() if value is not None}
