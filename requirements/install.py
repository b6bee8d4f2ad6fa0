"""Make or renew ``.venv`` from the lock file; needs nothing but Python ≥ 3.11 and a package index. Used by make.

Everything is pinned by hash, the installer too. uv installs (seconds), plain pip does if uv cannot (a minute). The
project itself is put on the path, so that no build runs. A copy of the lock file in ``.venv`` says it is done.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements" / "dev.txt"
INSTALLED = VENV / "installed.txt"
UV = VENV / "uv"
PIP = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input"]

# pip's settings, which a city's mirror needs, and their names for uv.
UV_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
}


def say(text: str) -> None:
    print(f"→ {text}", flush=True)


def run(*command: str, env: dict[str, str] | None = None) -> bool:
    return subprocess.run(command, env=env or environment(), check=False).returncode == 0


def environment() -> dict[str, str]:
    """Without what keeps Python from writing bytecode: the project's imports take 1 s with it and 5 s without."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def make_environment() -> None:
    say(f"making .venv with Python {sys.version.split()[0]}")
    if not run(sys.executable, "-m", "venv", "--clear", str(VENV)):
        sys.exit("Python's venv module does not work; on Debian and Ubuntu: apt-get install python3-venv")


def uv_environment() -> dict[str, str]:
    """What uv runs with: pip's configuration, which it does not read itself; hashes make mixing indexes safe."""
    shown = subprocess.run([*PIP, "config", "list"], capture_output=True, text=True, check=False).stdout
    settings = dict(re.findall(r"^\S*?\.(\S+?)='(.*)'$", shown, re.MULTILINE))
    theirs = {UV_NAMES[name]: value for name, value in settings.items() if name in UV_NAMES}
    ours = {"UV_COMPILE_BYTECODE": "1", "UV_LINK_MODE": "copy", "UV_INDEX_STRATEGY": "unsafe-best-match"}
    return {**theirs, **ours, **environment()}


def install_with_uv() -> bool:
    uv = UV / "bin" / "uv"
    pinned = ROOT / "requirements" / "uv.txt"
    shutil.rmtree(UV, ignore_errors=True)
    if not run(*PIP, "install", "--quiet", "--require-hashes", "--target", str(UV), "-r", str(pinned)):
        return False
    return run(
        str(uv), "pip", "sync", "--quiet", "--require-hashes", "--python", str(PYTHON), str(LOCK), env=uv_environment()
    )


def install() -> None:
    packages = len(re.findall(r"^[a-z0-9].*==", LOCK.read_text(), re.MULTILINE | re.IGNORECASE))
    say(f"installing {packages} packages")
    if install_with_uv():
        return
    say("uv could not; installing with pip, which takes a minute or two")
    if not run(*PIP, "install", "--quiet", "--require-hashes", "-r", str(LOCK)):
        sys.exit("The packages could not be installed; pip's message above says why (is the package index reachable?)")


def put_on_path() -> None:
    (site,) = VENV.glob("lib/python*/site-packages")
    (site / "yiwang.pth").write_text(f"{ROOT}\n")
    command = VENV / "bin" / "yiwang"
    command.write_text(f'#!/bin/sh\nexec {PYTHON} -P -m cli.main "$@"\n')
    command.chmod(0o755)


def is_current() -> bool:
    return PYTHON.exists() and INSTALLED.exists() and INSTALLED.read_bytes() == LOCK.read_bytes()


def main() -> None:
    if is_current():
        return
    began = time.monotonic()
    if not (PYTHON.exists() and run(str(PYTHON), "-c", "import sys; sys.exit(sys.version_info < (3, 11))")):
        make_environment()
    install()
    put_on_path()
    shutil.copyfile(LOCK, INSTALLED)
    say(f".venv is ready after {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
