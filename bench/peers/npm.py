"""The peers that come from npm, installed once into bench/.peers from bench/peers/package.json."""

import json
import shutil
import subprocess
from pathlib import Path

from bench.machine import BenchError

_SOURCE = Path(__file__).parent / "package.json"
_TARGET = Path(__file__).parent.parent / ".peers"


def installed() -> Path:
    """Return the folder with node_modules, installing the packages if package.json has changed since."""
    if not shutil.which("npm"):
        raise BenchError("npm is not installed, so the peers from npm cannot run")
    stamp = _TARGET / "installed.json"
    if not stamp.exists() or stamp.read_bytes() != _SOURCE.read_bytes():
        print("installing the peers from npm into bench/.peers, about a minute ...", flush=True)
        _TARGET.mkdir(exist_ok=True)
        shutil.copy(_SOURCE, _TARGET / "package.json")
        command = ["npm", "install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"]
        result = subprocess.run(command, cwd=_TARGET, capture_output=True, text=True, timeout=600, check=False)
        if result.returncode:
            raise BenchError(f"npm install failed in {_TARGET}:\n{result.stderr[-2000:]}")
        shutil.copy(_SOURCE, stamp)
    return _TARGET


def version(package: str) -> str:
    """Return the version that is installed of a package."""
    text = (_TARGET / "node_modules" / package / "package.json").read_text(encoding="utf-8")
    number: str = json.loads(text)["version"]
    return number.removeprefix("v")
