"""The folder of the servers' Unix sockets: 0700, and short enough for the kernel's 108 bytes (unix(7), sun_path)."""

import os
import stat
import tempfile
from pathlib import Path

_LONGEST_NAME = len("/.s.PGSQL.5432.lock")
_LIMIT = 107


def socket_folder(state: Path) -> Path:
    """``<state>/run``; if that path is too long, a private temporary folder that ``<state>/run`` links to."""
    run = state / "run"
    if len(os.fsencode(run)) + _LONGEST_NAME <= _LIMIT:
        run.mkdir(mode=0o700, exist_ok=True)
        return run
    if not _private(run):
        fresh = state / f"run.{os.getpid()}"
        fresh.symlink_to(tempfile.mkdtemp(prefix="yiwang-"))
        fresh.replace(run)
    return run.readlink()


def _private(link: Path) -> bool:
    """Whether the link leads to a folder that only we can use: /tmp is everybody's, and empty after a reboot."""
    try:
        found = link.stat()
    except FileNotFoundError:
        return False
    return found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) == stat.S_IRWXU
