"""Programs that a test runs to their end, npm and the independent clients that it installs; and whether one runs."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

_SECONDS = 120.0  # npm asks a registry


async def run(*command: str, cwd: Path, env: Mapping[str, str] | None = None) -> tuple[int, bytes]:
    """Exit code and output of a program, which is killed when it takes too long; ``env`` adds to ours."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        env=os.environ | (env or {}),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(_SECONDS):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.communicate()
        return -1, b"it took too long"
    return process.returncode or 0, output


def runs(pid: int) -> bool:
    """Whether a process is there and has not ended; one that has ended may wait for whoever reaps it."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):  # the second when it is reaped between opening and reading
        return False
