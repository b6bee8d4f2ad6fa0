"""The text of docs/settings.md, made from the settings themselves."""

from typing import Any, get_origin

import msgspec

from kernel.settings import OTHERS, Settings, annotation, variable


def reference() -> str:
    """The text of docs/settings.md."""
    lines = [
        "# Settings",
        "",
        "Generated from `kernel/settings.py`: `make docs`. Every setting is an environment variable.",
        "",
        "| variable | type | default | what it does |",
        "|---|---|---|---|",
    ]
    for info in msgspec.structs.fields(Settings):
        kind, meta = annotation(info.name)
        default = f"`{info.default}`" if info.default != "" else "(empty)"
        lines.append(f"| `{variable(info.name)}` | {_kind(kind)} | {default} | {meta.description} |")
    lines += ["", "Read elsewhere:", "", "| variable | what it does |", "|---|---|"]
    lines += [f"| `{name}` | {description} |" for name, description in OTHERS.items()]
    return "\n".join(lines) + "\n"


def _kind(kind: Any) -> str:
    return "list, comma-separated" if get_origin(kind) is tuple else str(kind.__name__)
