"""Who runs a command of the operator, for the audit log."""

import os
import platform
import re
from pathlib import Path

from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.audit.entries import Detail, Event, append
from kernel.clock import Clock

_NO_LOGIN = 2**32 - 1  # what the kernel says of a process that no login led to, such as a service's


def operator() -> str:
    """Return ``operator:<host>/<user id>``: an id, no name, and not one that an environment variable could change.

    It is the user who logged in, also behind ``su`` and ``sudo``, where the kernel knows that (proc(5), loginuid).
    """
    host = re.sub(r"[^A-Za-z0-9.-]", "-", platform.node())[:100] or "unknown"
    return f"operator:{host}/{_login_id()}"


def _login_id() -> int:
    try:
        found = int(Path("/proc/self/loginuid").read_text())
    except (OSError, ValueError):  # a kernel without audit support, or another system
        return os.getuid()
    return os.getuid() if found == _NO_LOGIN else found


async def record(session: AsyncSession, clock: Clock, action: str, object_: str, **details: Detail) -> None:
    """Write to the audit log what the operator has done, last of all in its transaction."""
    await append(session, clock, Event(actor=operator(), action=action, object=object_, details=details))
