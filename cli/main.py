"""``yiwang``: the operator's command line. Commands load when called, so that help is quick."""

import difflib
import importlib
from typing import NamedTuple

import click

from cli.errors_said import said
from kernel.embedded import EmbeddedError
from kernel.errors import YiwangError
from kernel.plain_errors import plain
from kernel.settings import SettingsError
from kernel.version import __version__


class Entry(NamedTuple):
    """Where a command is (``module:function``) and its line in the list."""

    target: str
    summary: str


# A new command adds its line here.
COMMANDS = {
    "run": Entry("cli.run:run", "Start everything on this machine."),
    "migrate": Entry("cli.migrate:migrate", "Bring the database to the newest schema."),
    "department": Entry("cli.department:department", "Add departments and give them credentials."),
    "organisation": Entry(
        "cli.organisation:organisation", "Load, read and change the tree of the city's organisations."
    ),
    "calendar": Entry("cli.calendar:calendar", "Load duty calendars: working days, holidays, opening hours."),
    "role": Entry("cli.role:role", "Give and take roles at organisations."),
    "responsible": Entry("cli.responsible:responsible_", "Say who answers for a matter at a place."),
    "client": Entry("cli.client:client", "Register departments' sites that residents sign in to."),
    "account": Entry("cli.account:account", "Freeze and thaw residents' accounts."),
    "mandate": Entry("cli.mandate:mandate", "Give and end mandates that rest on a document."),
    "vehicle": Entry("cli.vehicle:vehicle", "Prove at a window whose a plate is, and end it."),
    "phone": Entry("cli.phone:phone", "Take numbers that carriers gave to somebody else out of accounts."),
    "appointments": Entry("cli.appointments:appointments", "Load offices, their hours and what takes appointments."),
    "hall": Entry("cli.hall:hall", "Look at the hall of an office."),
    "draw": Entry("cli.draw:draw", "Recompute the draw of a release of appointments."),
    "parking": Entry("cli.parking:parking", "Load, show and export car parks and what they charge."),
    "verifier": Entry("cli.verifier:verifier", "Register gates and counters that read residents' codes."),
    "code-keys": Entry("cli.code_keys:code_keys", "Rotate the keys that residents' codes are signed by."),
    "place-code": Entry("cli.place_code:place_code", "Make, print, check and retire the codes on stickers."),
    "keys": Entry("cli.keys:keys", "Make and rotate keys, and seal stored secrets anew with them."),
    "payment": Entry("cli.payment:payment", "Show and settle what of payments waits for people."),
    "ledger": Entry("cli.ledger:ledger", "Show what accounts hold, and check that the ledger balances."),
    "outbox": Entry("cli.outbox:outbox", "Show messages that failed too often, or try them again."),
    "reconcile": Entry("cli.reconcile:reconcile_command", "Compare the host apps' bills with our books."),
    "audit": Entry("cli.audit:audit", "Verify and read the log of who did what."),
    "compile": Entry("cli.compile:compile_command", "Show what of an API document will work, and what to mend."),
    "check": Entry("cli.check:check", "Do everything but publish, for a department's CI."),
    "diff": Entry("cli.check:diff", "Show what would change in the graph, and who would break."),
    "publish": Entry("cli.publish:publish", "Make a department's API part of the graph."),
    "entry": Entry("cli.entry:entry", "Write, check, submit and review the catalogue's entries."),
    "conformity": Entry("cli.entry_probes:conformity", "How departments keep to what they published."),
    "rollback": Entry("cli.rollback:rollback", "Make an earlier version of a service live again."),
    "services": Entry("cli.publish:services", "List the live services."),
    "documents": Entry("cli.registered_documents:documents", "Register the operations of an app's release."),
    "mock": Entry("cli.mock:mock", "Answer any API document with generated data."),
    "demo": Entry("cli.demo:demo", "Fill the catalogue with a city that does not exist."),
    "sandbox": Entry("cli.sandbox:sandbox", "Simulate the host apps, with phones to use them."),
    "gate": Entry("cli.gate:gate", "Decide at a car park's barriers, also without a network."),
    "gateway": Entry("gateway.main:gateway", "Answer requests: GraphQL and publishing."),
    "worker": Entry("worker.main:work", "Do the background tasks."),
    "beat": Entry("worker.main:beat", "Start the periodic tasks when they are due."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported only when needed."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, function = COMMANDS[cmd_name].target.split(":")
        command = getattr(importlib.import_module(module), function)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}:{function} is no click command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f"did you mean `yiwang {near[0]}`?" if near else "`yiwang --help` lists the commands"
            raise click.UsageError(f"no command {args[0]!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name=None, version=__version__, prog_name="yiwang")
def yiwang() -> None:
    """The backend of a city's one app: departments' API documents become one typed GraphQL graph.

    \b
    Examples:
      yiwang run                     everything on this machine, with example departments
      yiwang compile openapi.yaml    what of an API document will work, and what to mend
      yiwang publish service.yaml    make a department's API part of the graph
      yiwang entry --help            what residents read of a service: written, reviewed, published
      yiwang COMMAND --help          more about one command
    """  # noqa: D301 - click reads a backspace, which a raw string would not hold


def main() -> None:
    """Run the command; errors that say how to mend them are shown without a traceback."""
    try:
        yiwang(prog_name="yiwang")
    except YiwangError as error:
        raise SystemExit(f"yiwang: {said(error)}") from error
    except (EmbeddedError, SettingsError) as error:
        raise SystemExit(f"yiwang: {error}") from error
    except Exception as error:
        if (told := plain(error)) is None:
            raise
        raise SystemExit(f"yiwang: {told}") from error


if __name__ == "__main__":
    main()
