"""Where the `lathe` program begins: also Ctrl-C while it still imports ends it without a traceback."""


def main() -> None:
    """Exit code 130 when interrupted, as everywhere."""
    try:
        from cli.main import app  # the import is what may be interrupted

        app()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
