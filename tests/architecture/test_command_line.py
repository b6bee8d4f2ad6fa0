"""The command line is quick, complete and teaches."""

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cli.main import COMMANDS, yiwang

REPOSITORY = Path(__file__).parents[2]
HEAVY = {"litestar", "sqlalchemy", "sqlmodel", "celery", "strawberry", "graphql", "pydantic", "alembic"}
LIST_IMPORTS = """
import sys
from click.testing import CliRunner
from cli.main import yiwang
assert CliRunner().invoke(yiwang, ["--help"]).exit_code == 0
print(*{name.partition(".")[0] for name in sys.modules})
"""


def test_help_loads_no_framework() -> None:
    command = [sys.executable, "-c", LIST_IMPORTS]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True, cwd=REPOSITORY).stdout  # noqa: S603 - ourselves
    assert HEAVY & set(loaded.split()) == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_what_it_is_for(name: str) -> None:
    shown = CliRunner().invoke(yiwang, [name, "--help"])
    assert shown.exit_code == 0, shown.output
    with click.Context(yiwang) as context:
        command = yiwang.get_command(context, name)
    assert command is not None
    assert command.help


def test_a_mistyped_command_gets_a_suggestion() -> None:
    shown = CliRunner().invoke(yiwang, ["publsh"])
    assert shown.exit_code == 2
    assert "did you mean `yiwang publish`?" in shown.output
