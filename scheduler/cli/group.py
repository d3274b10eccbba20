"""The root of the command line: how failures end it, and how other packages add commands.

A package adds a command by an entry point in the group `alize.commands`: a Typer app or a command,
loaded only when it is called.
"""

import sys
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from scheduler.cli.exits import tell
from scheduler.errors import InputError

COMMANDS_GROUP = "alize.commands"
ARGS = "alize.args"


class Root(TyperGroup):
    """The `alize` command with all its commands."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Keep the words of the command line for the text of an issue."""
        ctx.meta[ARGS] = [word for word in args if word != "--debug"]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run a command; every failure becomes one of the documented exit codes."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except (typer.Exit, typer.Abort, typer.TyperException):
            raise
        except (Exception, KeyboardInterrupt) as error:
            code = tell(error, ctx.meta[ARGS], debug=bool(ctx.params.get("debug")))
            raise typer.Exit(code) from None
        return result

    def list_commands(self, ctx: Any) -> list[str]:
        """Our own commands, then those of other packages."""
        own = super().list_commands(ctx)
        return [*own, *sorted(set(_plugins()) - set(own))]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A command; one of another package is imported here and not earlier."""
        own = super().get_command(ctx, cmd_name)
        plugin = _plugins().get(cmd_name)
        return own or (plugin and _loaded(plugin))

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Help lists other packages' commands without importing them."""
        own = [(name, command) for name, command in self.commands.items() if not command.hidden]
        limit = formatter.width - 6 - max(len(name) for name, _ in own)
        with formatter.section("Commands"):
            formatter.write_dl([(name, one.get_short_help_str(limit)) for name, one in own])
        plugins = {name: one for name, one in _plugins().items() if name not in self.commands}
        if plugins:
            with formatter.section("Commands of other packages"):
                formatter.write_dl(
                    [(name, f"See `alize {name} --help`.") for name in sorted(plugins)]
                )


def _plugins() -> dict[str, EntryPoint]:
    return {one.name: one for one in entry_points(group=COMMANDS_GROUP)}


def _loaded(plugin: EntryPoint) -> Any:
    try:
        command = plugin.load()
    except ModuleNotFoundError as error:
        raise InputError(
            f"alize {plugin.name}: needs the package {error.name}; "
            f"`pip install 'alize[{plugin.name}]'` adds it"
        ) from None
    return get_command(command) if isinstance(command, typer.Typer) else command
