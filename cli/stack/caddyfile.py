"""`python -m cli.stack.caddyfile`: the gateway's configuration for an image, from the code that `lathe up` uses.

python -m cli.stack.caddyfile --page /srv/page --port 8080 --command-api command-api:8000 --query-api query-api:8000
"""

import argparse
import sys
from pathlib import Path

from cli.stack.gateway import GatewayConfig, caddyfile
from cli.stack.web import page_policy


def config_of(arguments: list[str]) -> GatewayConfig:
    """A gateway that listens on every address; `--command-api` and `--query-api` may be given more than once."""
    parser = argparse.ArgumentParser(prog="python -m cli.stack.caddyfile", description="Print the gateway's Caddyfile.")
    parser.add_argument("--page", type=Path, required=True, help="folder of the built page")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--command-api", action="append", required=True, metavar="HOST:PORT")
    parser.add_argument("--query-api", action="append", required=True, metavar="HOST:PORT")
    told = parser.parse_args(arguments)
    return GatewayConfig(
        folder=Path(),
        host="0.0.0.0",  # noqa: S104 - in a container; which address is published is compose's business
        port=told.port,
        page=told.page,
        page_policy=page_policy(),
        command_api=told.command_api,
        query_api=told.query_api,
    )


if __name__ == "__main__":
    sys.stdout.write(caddyfile(config_of(sys.argv[1:])))
