"""What every gateway under test is to the benchmark."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.machine import Program, free_port
from bench.workloads import Question, Workload


@dataclass(frozen=True)
class Ground:
    """Where a peer is set up: a folder of its own, the upstream's URL, and a port to listen on."""

    folder: Path
    upstream: str
    port: int

    @classmethod
    def make(cls, parent: Path, name: str, upstream: str) -> "Ground":
        """Make the folder and take a port."""
        folder = parent / name
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder, upstream, free_port())


@dataclass(frozen=True)
class Peer:
    """A gateway that runs: its process tree, where it listens, and how its graph is named."""

    name: str
    version: str
    program: Program
    port: int
    namespaced: bool = False
    warm_cpu_seconds: float = 1.0  # that it needs for each workload to get fast
    bare: bool = False  # no GraphQL: it hands out the upstream's own answers

    def questions(self, workload: Workload) -> Sequence[Question]:
        """Return the requests that make one unit of a workload."""
        return workload.bare() if self.bare else (workload.graphql(namespaced=self.namespaced),)
