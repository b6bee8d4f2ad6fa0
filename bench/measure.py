"""One measurement of one gateway under load: what it used for how many requests, in the steady middle of the load."""

import time
from dataclasses import dataclass

from bench.load import Load
from bench.machine import BenchError, Memory, cpu_seconds, memory
from bench.peers.peer import Peer
from bench.upstream.register import Upstream

SETTLE_SECONDS = 0.5  # between wrk's start and the first reading, and between the last reading and wrk's end


@dataclass(frozen=True)
class Figures:
    """What one measurement found. ``busy`` is the share of a core that the gateway used: below 1 it had to wait."""

    requests_per_cpu_second: float
    cpu_ms_per_request: float
    requests_per_second: float
    busy: float
    p50_ms: float
    p99_ms: float
    rss_mib: float
    pss_mib: float
    processes: int
    errors: int


@dataclass(frozen=True)
class _Reading:
    moment: float
    cpu: float
    upstream_calls: int


@dataclass(frozen=True)
class _Window:
    first: _Reading
    last: _Reading
    memory: Memory


def measure(peer: Peer, load: Load, upstream: Upstream, calls: int, seconds: float) -> Figures:
    """Load one gateway. Its requests are counted by the upstream, which answers ``calls`` times for each."""
    pid = peer.program.pid

    def read() -> _Reading:
        return _Reading(time.monotonic(), cpu_seconds(pid), upstream.count())

    def watch() -> _Window:
        time.sleep(SETTLE_SECONDS)
        first = read()
        time.sleep(seconds)
        return _Window(first, read(), memory(pid))

    load.verify()
    before = upstream.count()
    heard, window = load.run(seconds + 2 * SETTLE_SECONDS, watch)
    if upstream.count() - before < heard.answers / load.answers_per_request * calls:
        raise BenchError("the upstream was asked less often than there are answers: something was cached or coalesced")
    first, last = window.first, window.last
    requests = (last.upstream_calls - first.upstream_calls - 1) / calls  # less the counting itself
    cpu, elapsed = last.cpu - first.cpu, last.moment - first.moment
    return Figures(
        requests_per_cpu_second=requests / cpu,
        cpu_ms_per_request=cpu / requests * 1000,
        requests_per_second=requests / elapsed,
        busy=cpu / elapsed,
        p50_ms=heard.p50_ms,
        p99_ms=heard.p99_ms,
        rss_mib=window.memory.rss_mib,
        pss_mib=window.memory.pss_mib,
        processes=window.memory.processes,
        errors=0,  # one error ends the benchmark
    )
