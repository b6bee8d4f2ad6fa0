"""``yiwang entry import`` and ``export``: many entries at once, as JSON, YAML or CSV."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click
import msgspec
import yaml

from cli import entry_files
from cli.data_package import write_package
from cli.entry_files import Gateway, Sheet, broken, checked, from_paths, read_all, show_checked, show_rules
from cli.gateway_client import RefusedError, call, gateway_option, pieces, token_option
from services_catalog.entries.sheet import write_sheet
from services_catalog.entries.words import LEVELS
from services_catalog.lifecycle.answers import Documents

_STANDARDS = {  # where the gateway has them
    "cpsv-ap": "/catalogue/cpsv-ap.jsonld",
    "hsds": "/catalogue/hsds/services?format=ndjson&full=true&language={language}",
}
_AT_A_TIME = 500  # as many as the gateway checks in one request


class _Dumper(yaml.SafeDumper):
    """Writes what this program reads back: YAML 1.2 takes more unquoted words for numbers than PyYAML's 1.1."""

    def ignore_aliases(self, _: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if text[:1] in "0123456789+-." else None)


_Dumper.add_representer(str, _text)


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@gateway_option
@token_option
@click.option("--dry-run", is_flag=True, help="List every finding with its line, and change nothing.")
@click.option("--submit", is_flag=True, help="Submit what breaks no rule, too.")
def import_(files: tuple[Path, ...], gateway: str, token: str, *, dry_run: bool, submit: bool) -> None:
    """Write the entries of files (.csv, .json, .yaml) down as drafts; docs/catalogue.md has the columns of CSV.

    What says nothing new makes no version, so the same file again changes nothing. All files are read first: with a
    defect in one, nothing is sent. One entry that is refused keeps none of the others back. Exit code 1 if any was, or
    breaks a rule.
    """
    asked, sheets = Gateway(gateway, token), read_all(from_paths(files))
    if dry_run:
        fit = [show_checked(part, checked(asked, [*part, *above])[: len(part)]) for part, above in _parts(sheets)]
        good = all(fit)
        click.echo("Nothing was changed: this was a dry run.", err=True)
    else:
        outcomes = [_bring(asked, sheet, submit=submit) for sheet in sheets]
        click.echo(", ".join(f"{outcomes.count(each)} {each}" for each in dict.fromkeys(outcomes)))
        good = not {"refused", "drafted with errors"} & set(outcomes)
    if not good:
        raise SystemExit(1)


@click.command("export")
@click.option("--format", "form", type=click.Choice(["json", "yaml", "csv"]), default="yaml", show_default=True)
@click.option("--state", default="", help="Only those with a version in this state.")
@click.option("--organisation", default="", metavar="CODE", help="Only those of an organisation and all below it.")
@click.option("--as", "standard", type=click.Choice([*_STANDARDS]), help="What is public, in a standard's own form.")
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh", help="Of HSDS, which has one language.")
@click.option("--tables", type=click.Path(file_okay=False, path_type=Path), help="HSDS as CSV files, to this folder.")
@gateway_option
@click.option("--token", envvar="YIWANG_TOKEN", default="", show_envvar=True, help="The department's credential.")
def export(form: str, gateway: str, token: str, *, state: str, organisation: str, standard: str, **public: Any) -> None:
    """Write the entries that your roles let you read to standard output, as `import` reads them.

    Of each what is on its way, else what is live. With --as: all that are public, as others' catalogues read them
    (docs/exports.md); that needs no credential.
    """
    if public["tables"] and standard != "hsds":
        raise click.UsageError("--tables is for --as hsds.")
    if standard:
        if state or organisation:
            raise click.UsageError("--as exports everything that is public; --state and --organisation do not fit.")
        _export_public(gateway, standard, **public)
        return
    if not token:
        raise click.UsageError("Missing option '--token' (env var: 'YIWANG_TOKEN').")
    documents = [*_all(Gateway(gateway, token), state, organisation)]
    sys.stdout.buffer.write(_WRITERS[form](documents).encode())


COMMANDS = (import_, export)


def _export_public(gateway: str, standard: str, language: str, tables: Path | None) -> None:
    coming = pieces(gateway, _STANDARDS[standard].format(language=language))
    if tables is None:
        for piece in coming:
            sys.stdout.buffer.write(piece)
    else:
        click.echo(f"{write_package(coming, tables):,} services are written to {tables}.")


def _parts(sheets: Sequence[Sheet]) -> Iterator[tuple[list[Sheet], list[Sheet]]]:
    """Yield documents to be checked together, and what stands above them in other parts: a check stores nothing."""
    by_code = {sheet.code: sheet for sheet in sheets}
    part: list[Sheet] = []
    needed: set[str] = set()  # the codes of a part, and of all above them
    for sheet in sheets:
        chain = {sheet.code, *_above(sheet, by_code)}
        if len(needed | chain) > _AT_A_TIME:
            yield part, [by_code[code] for code in needed - {each.code for each in part}]
            part, needed = [], set()
        part.append(sheet)
        needed |= chain
    yield part, [by_code[code] for code in needed - {each.code for each in part}]


def _above(sheet: Sheet, by_code: Mapping[str, Sheet]) -> Iterator[str]:
    """Yield the codes of what a document belongs to, as far as it is among those given: two levels at most."""
    for _ in LEVELS[1:]:
        above = by_code.get(sheet.written.document.parent or "")
        if above is None:
            return
        yield above.code
        sheet = above


def _bring(gateway: Gateway, sheet: Sheet, *, submit: bool) -> str:
    """Store one entry; return what became of it, in a word or two."""
    try:
        standing = entry_files.draft(gateway, sheet)
        if standing.outcome == "unchanged" and not (submit and standing.state == "draft"):
            return "unchanged"
        show_rules(sheet, standing.findings)
        if broken(standing.findings):
            return "drafted with errors"
        if submit:
            gateway.step(sheet.code, "submit")
            return "submitted"
    except RefusedError as error:
        click.echo(f"{sheet.file}:{sheet.written.line('/code')}: {sheet.code}: {error.message}\n    {error.fix}")
        return "refused"
    return standing.outcome


def _all(gateway: Gateway, state: str, organisation: str) -> Iterator[dict[str, Any]]:
    after: str | None = ""
    while after is not None:
        query = urlencode({"state": state, "organisation": organisation, "after": after})
        page = call(gateway.url, f"/entries/documents?{query}", Documents, token=gateway.token)
        yield from page.documents
        after = page.next


def _json(documents: Sequence[dict[str, Any]]) -> str:
    return msgspec.json.format(msgspec.json.encode(documents), indent=1).decode() + "\n"


def _yaml(documents: Sequence[dict[str, Any]]) -> str:
    return yaml.dump_all(documents, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120, explicit_start=True)


_WRITERS: Mapping[str, Callable[[Sequence[dict[str, Any]]], str]] = {"json": _json, "yaml": _yaml, "csv": write_sheet}
