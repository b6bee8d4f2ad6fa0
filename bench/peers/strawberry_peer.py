"""Starts strawberry_app in granian, in the mode that measured best."""

import sys
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path

from bench.machine import GATEWAY_CORE, Program
from bench.peers.peer import Ground, Peer

_ROOT = Path(__file__).parent.parent.parent


def start(ground: Ground, running: ExitStack) -> Peer:
    """Start one worker."""
    granian = [str(Path(sys.executable).parent / "granian"), "--interface", "asgi", "--loop", "uvloop", "--http", "1"]
    granian += ["--runtime-mode", "st", "--workers", "1", "--no-access-log", "--log-level", "error"]
    program = Program(
        [*granian, "--host", "127.0.0.1", "--port", str(ground.port), "bench.peers.strawberry_app:app"],
        core=GATEWAY_CORE,
        log=ground.folder / "log",
        cwd=_ROOT,
        env={"BENCH_UPSTREAM": ground.upstream},
    )
    running.enter_context(program)
    return Peer("strawberry", version("strawberry-graphql"), program, ground.port)
