"""What a sandbox is made of; its host apps and their keys, which are no secrets, are in ``development``."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from adapters.later import Later
from adapters.sandbox.clock import MovableClock
from adapters.sandbox.development import IDENTITY_KEY, VEHICLES_KEY, development_hosts
from adapters.sandbox.host import SimulatedHost
from adapters.sandbox.identity import SimulatedIdentity
from adapters.sandbox.vehicle_register import SimulatedVehicleRegister
from adapters.sandbox.world import World
from kernel.clock import Clock


class Sandbox(Struct, frozen=True):
    """What one sandbox is made of; ``later`` is what its simulators do later, whose failures become events."""

    world: World
    clock: MovableClock
    hosts: Sequence[SimulatedHost]
    identity: SimulatedIdentity
    vehicles: SimulatedVehicleRegister
    later: Later


def build_sandbox(
    clock: Clock, seed: int, hosts: Callable[[World], Sequence[SimulatedHost]] = development_hosts
) -> Sandbox:
    """Make a sandbox with the clock that its own runs by; ``seed`` decides everything that looks random."""
    moved = MovableClock(clock)
    later = Later(lambda why: world.note("sandbox", "a later happening", f"failed: {why}"))
    world = World(moved, seed, later.spawn)
    identity, vehicles = SimulatedIdentity(world, IDENTITY_KEY), SimulatedVehicleRegister(world, VEHICLES_KEY)
    return Sandbox(world, moved, tuple(hosts(world)), identity, vehicles, later)
