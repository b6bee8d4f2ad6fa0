"""The generated pages of this folder: ``make docs`` writes them, a test compares."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path

from docs import catalogue_tables, code_vectors, export_tables
from docs.catalogue_tables import spliced
from kernel.errors import YiwangError
from kernel.settings_reference import reference

PACKAGES = (
    "kernel",
    "supergraph",
    "services_catalog",
    "auth",
    "adapters",
    "flows",
    "schema",
    "gateway",
    "worker",
    "cli",
)


def pages() -> dict[Path, str]:
    """Every generated page and its text."""
    folder = Path(__file__).parent
    catalogue, exports = folder / "catalogue.md", folder / "exports.md"
    return {
        folder / "settings.md": reference(),
        folder / "errors.md": errors_page(),
        folder / "vectors" / "codes.json": code_vectors.text(),
        catalogue: spliced(catalogue.read_text(), catalogue_tables.sections()),
        exports: spliced(exports.read_text(), export_tables.sections()),
    }


def modules() -> Iterator[str]:
    """The name of every module of the project's packages."""
    for package in PACKAGES:
        yield package
        found = pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}.")
        yield from (module.name for module in found if not module.name.endswith("__main__"))


def error_classes() -> list[type[YiwangError]]:
    """Every class of the error tree that has a code of its own, the root first, the others by code."""
    for name in modules():
        importlib.import_module(name)
    rest = sorted((each for each in _below(YiwangError) if "code" in vars(each)), key=lambda each: each.code)
    return [YiwangError, *rest]


def errors_page() -> str:
    """The text of errors.md."""
    lines = [
        "# Errors",
        "",
        "Generated from the error tree: `make docs`. Every error that a client sees has one of these codes, in GraphQL",
        "as `extensions.code`. A message says what is wrong and where, a fix says how to mend it. Codes never change;",
        "messages may.",
        "",
        "Over HTTP a refusal in JSON has one shape at every door, but where a standard has its own (OAuth, FHIR):",
        '`{"error": {"code", "message", "fix", "retryable", "details"}}`. `details` is an object of what programs need',
        "beside that, by code, such as `findings`, `broken`, `nextFree` or `at`; in the graph the same names stand in",
        "`extensions`.",
        "",
        "| code | HTTP | try again? | when |",
        "|---|---|---|---|",
    ]
    for each in error_classes():
        when = "A defect of ours; the log has the rest." if each is YiwangError else _summary(each)
        lines.append(f"| `{each.code}` | {each.http_status} | {'yes' if each.retryable else 'no'} | {when} |")
    return "\n".join(lines) + "\n"


def _summary(each: type[YiwangError]) -> str:
    return " ".join((inspect.getdoc(each) or "").split("\n\n")[0].split()).replace("|", "\\|")


def _below(root: type[YiwangError]) -> Iterator[type[YiwangError]]:
    for each in root.__subclasses__():
        yield each
        yield from _below(each)


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text)
