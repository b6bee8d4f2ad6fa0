"""Yiwang's gateway: one worker, the three services published as any department publishes."""

from contextlib import ExitStack

from bench.machine import GATEWAY_CORE, wait_until_listening
from bench.own_platform import Platform
from bench.peers.peer import Ground, Peer
from bench.upstream.register import SERVICES
from bench.workloads import document
from kernel.version import __version__


def start(ground: Ground, running: ExitStack) -> Peer:
    """Start the platform's servers and the gateway, and publish."""
    platform = Platform(running)
    program = running.enter_context(platform.gateway(ground.port, core=GATEWAY_CORE, log=ground.folder / "log"))
    wait_until_listening(program, ground.port)
    for service in SERVICES:
        described = document(service, ground.upstream, prefixed=False)
        platform.publish(ground.port, ground.folder, service, f"{ground.upstream}/{service}", described)
    return Peer("yiwang", __version__, program, ground.port, namespaced=True)
