"""The commands of `lathe`: each is there, and one that talks to a server does not import what operators need."""

import subprocess
import sys

import typer

from cli.main import COMMANDS, app
from cli.ops import app as ops


def test_each_command_is_there_by_its_name_with_its_help() -> None:
    group = typer.main.get_command(app)
    commands = getattr(group, "commands", {})
    assert list(commands) == list(COMMANDS)
    for name, command in commands.items():
        assert command.name == name
        assert command.help, name
    assert set(commands["ops"].commands) == set(getattr(typer.main.get_command(ops), "commands", {}))


def test_a_model_is_made_without_the_libraries_of_the_server() -> None:
    program = (
        "import sys; from cli.main import app; app(['generate', '--help'], standalone_mode=False); "
        "sys.exit(', '.join({'sqlalchemy', 'alembic', 'aiokafka', 'pyarrow'} & set(sys.modules)) or 0)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "Make a 3D model" in ran.stdout
