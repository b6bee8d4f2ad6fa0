"""What commands say of how they are typed."""

from collections.abc import Iterator

import click
import pytest

from cli.main import COMMANDS, yiwang


def _commands(command: click.Command, parent: click.Context | None, name: str) -> Iterator[click.Context]:
    context = click.Context(command, parent, name)
    yield context
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            below = command.get_command(context, each)
            assert below is not None
            yield from _commands(below, context, each)


@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_asks_for_the_letters_of_a_time_s_format(name: str) -> None:
    command = yiwang.get_command(click.Context(yiwang), name)
    assert command is not None
    for context in _commands(command, None, name):
        assert "%" not in "".join(context.command.collect_usage_pieces(context)), context.command_path
        for each in context.command.params:
            assert "%" not in each.make_metavar(context), (context.command_path, each.name)
