"""Retries, the breaker and the counters, over real sockets; the pure rules of retrying by themselves."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from gateway.upstream.bulkhead import Bulkhead
from gateway.upstream.errors import UpstreamResetError, UpstreamSuspendedError, UpstreamTimeoutError
from gateway.upstream.retry import Retries, retry_after_seconds
from kernel.breaker import BreakerRules
from supergraph.wire import Request, Response
from tests.upstream.conftest import MakeUpstream, StartDepartment, get
from tests.upstream.department import Do, Step, answer

GET, POST = Request("GET", "/"), Request("POST", "/")


class Turns:
    """A script that takes one turn a request, and the last one for ever after."""

    def __init__(self, *turns: list[Step]) -> None:
        self.turns = turns
        self.seen = 0

    def __call__(self, _: str) -> list[Step]:
        self.seen += 1
        return self.turns[min(self.seen, len(self.turns)) - 1]


FAULTS: dict[str, list[Step]] = {
    "502": [answer(b"", "502 Bad Gateway")],
    "503": [answer(b"", "503 Service Unavailable", "retry-after: 0\r\n")],
    "504": [answer(b"", "504 Gateway Timeout")],
    "a reset": [Do.RESET],
    "a cut answer": [answer(b"[1]")[:-1], Do.CLOSE],
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_safe_methods_are_repeated(fault: str, department: StartDepartment, upstream: MakeUpstream) -> None:
    script = Turns(FAULTS[fault], FAULTS[fault], [answer(b"[1]")])
    service = upstream(await department(script), retries=2)
    assert (await get(service)).body == b"[1]"
    assert (script.seen, service.calls, service.failures) == (3, 1, {})
    assert service.retries == 2


async def test_other_methods_are_not_repeated(department: StartDepartment, upstream: MakeUpstream) -> None:
    script = Turns(FAULTS["503"], [Do.RESET])
    service = upstream(await department(script), retries=2)
    assert (await get(service, method="POST")).status == 503
    with pytest.raises(UpstreamResetError):
        await get(service, method="POST")
    assert (script.seen, service.retries, service.failures) == (2, 0, {"UPSTREAM_RESET": 1})


async def test_repeats_end(department: StartDepartment, upstream: MakeUpstream) -> None:
    script = Turns(FAULTS["503"])
    service = upstream(await department(script), retries=2)
    assert (await get(service)).status == 503
    assert script.seen == 3


@pytest.mark.parametrize(
    "retry_after", ["3600", "Wed, 21 Oct 2026 08:00:00 GMT\r\ndate: Wed, 21 Oct 2026 07:00:00 GMT"]
)
async def test_a_long_retry_after_is_not_waited_for(
    retry_after: str, department: StartDepartment, upstream: MakeUpstream
) -> None:
    script = Turns([answer(b"", "503 Service Unavailable", f"retry-after: {retry_after}\r\n")])
    assert (await get(upstream(await department(script), retries=2))).status == 503
    assert script.seen == 1


@pytest.mark.asyncio(loop_factories=["uvloop"])
@pytest.mark.parametrize("client", ["native"])
async def test_a_short_retry_after_is_waited_for(department: StartDepartment, upstream: MakeUpstream) -> None:
    script = Turns([answer(b"", "503 Service Unavailable", "retry-after: 1\r\n")], [answer()])
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert (await get(upstream(await department(script), retries=1))).status == 200
    assert loop.time() - began > 0.99  # no less than the server asked for


async def test_a_failing_service_is_suspended_and_comes_back(
    department: StartDepartment, upstream: MakeUpstream
) -> None:
    script = Turns([Do.RESET], [Do.RESET], [Do.RESET], [answer(b"[1]")])
    service = upstream(await department(script), rules=BreakerRules(consecutive=3, first_pause_seconds=0.05))
    for _ in range(3):
        with pytest.raises(UpstreamResetError):
            await get(service, method="POST")
    opened = service.open_since
    assert opened is not None
    with pytest.raises(UpstreamSuspendedError):
        await get(service)
    assert script.seen == 3
    await asyncio.sleep(0.06)
    assert (await get(service)).body == b"[1]"
    assert service.open_since is None
    assert service.failures == {"UPSTREAM_RESET": 3, "UPSTREAM_SUSPENDED": 1}


async def test_a_probe_is_one_call_and_may_be_cancelled(department: StartDepartment, upstream: MakeUpstream) -> None:
    one = await department(Turns([Do.RESET], [Do.HANG], [answer(b"[1]")]))
    service = upstream(one, rules=BreakerRules(consecutive=1, first_pause_seconds=0.01))
    with pytest.raises(UpstreamResetError):
        await get(service, method="POST")
    await asyncio.sleep(0.02)
    probe = asyncio.create_task(get(service))
    await one.until(lambda: len(one.heads) == 2)
    with pytest.raises(UpstreamSuspendedError):
        await get(service)
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)
    assert (await get(service)).body == b"[1]"


async def test_a_call_with_little_time_left_tells_nothing_about_the_service(
    department: StartDepartment, upstream: MakeUpstream
) -> None:
    one = await department(lambda _: [Do.HANG])
    service = upstream(one, first_byte_seconds=0.5, rules=BreakerRules(consecutive=1))
    for _ in range(3):
        with pytest.raises(UpstreamTimeoutError):
            await get(service, seconds=0.1)
    assert (service.open_since, service.failures) == (None, {"UPSTREAM_TIMEOUT": 3})
    with pytest.raises(UpstreamTimeoutError):
        await get(service, seconds=0.5)
    assert service.open_since is not None


async def test_a_probe_with_little_time_left_leaves_the_probing_to_the_next(
    department: StartDepartment, upstream: MakeUpstream
) -> None:
    service = upstream(
        await department(Turns([Do.RESET], [Do.HANG], [answer(b"[1]")])),
        rules=BreakerRules(consecutive=1, first_pause_seconds=0.01),
    )
    with pytest.raises(UpstreamResetError):
        await get(service, method="POST")
    await asyncio.sleep(0.02)
    with pytest.raises(UpstreamTimeoutError):
        await get(service, seconds=0.1)
    assert (await get(service)).body == b"[1]"


@pytest.mark.parametrize("limit", ["first_byte_seconds", "total_seconds", "own_seconds"])
async def test_the_time_that_a_service_may_take_is_its_own_failure(
    limit: str, department: StartDepartment, upstream: MakeUpstream
) -> None:
    limits: dict[str, Any] = {limit: 0.1}
    own = {limit: limits.pop(limit)} if limit == "own_seconds" else {}
    service = upstream(await department(lambda _: [Do.HANG]), rules=BreakerRules(consecutive=1), **limits)
    with pytest.raises(UpstreamTimeoutError):
        await get(service, **own)
    assert service.open_since is not None


async def test_who_waits_for_a_hanging_service_is_freed_when_it_is_suspended(
    department: StartDepartment, upstream: MakeUpstream
) -> None:
    one = await department(lambda _: [Do.HANG])
    service = upstream(one, connections=2, first_byte_seconds=0.1, rules=BreakerRules(consecutive=1))
    ends = await asyncio.gather(*(get(service) for _ in range(20)), return_exceptions=True)
    assert Counter(type(end) for end in ends) == {UpstreamTimeoutError: 2, UpstreamSuspendedError: 18}
    assert len(one.heads) == 2


async def test_a_full_and_suspended_service_is_suspended_rather_than_busy(
    department: StartDepartment, upstream: MakeUpstream
) -> None:
    one = await department(lambda _: [Do.HANG])
    service = upstream(one, connections=1, queue=0, rules=BreakerRules(consecutive=1))
    hanging = asyncio.create_task(get(service))
    await one.until(lambda: len(one.heads) == 1)
    now = asyncio.get_running_loop().time()
    service.breaker.failed(service.breaker.enter(now), now)
    with pytest.raises(UpstreamSuspendedError):
        await get(service)
    hanging.cancel()
    await asyncio.gather(hanging, return_exceptions=True)


async def test_a_place_that_comes_with_a_cancellation_goes_on_to_the_next() -> None:
    bulkhead = Bulkhead("parking", 1, 2)
    assert bulkhead.enter_now()
    soon = asyncio.get_running_loop().time() + 5
    first, second = (asyncio.create_task(bulkhead.enter(soon)) for _ in range(2))
    await asyncio.sleep(0)
    assert bulkhead.waiting == 2
    bulkhead.leave()
    first.cancel()
    await second
    assert first.cancelled()
    assert (bulkhead.active, bulkhead.waiting) == (1, 0)
    bulkhead.leave()
    assert bulkhead.active == 0


async def test_answers_that_say_no_are_no_failures_of_the_service(
    department: StartDepartment, upstream: MakeUpstream
) -> None:
    script = Turns([answer(b"", "404 Not Found")], [answer(b"", "500 Internal Server Error")])
    service = upstream(await department(script), rules=BreakerRules(consecutive=1))
    for _ in range(10):
        await get(service)
    assert (service.open_since, script.seen) == (None, 10)


def test_the_delay_is_jittered_and_grows() -> None:
    retries = Retries(3, jitter=lambda: 1.0)
    assert [retries.delay(GET, attempt, 9.0) for attempt in range(4)] == [0.05, 0.1, 0.2, None]
    assert Retries(3, jitter=lambda: 0.0).delay(GET, 0, 9.0) == 0.0
    assert retries.delay(POST, 0, 9.0) is None
    assert retries.delay(GET, 0, 0.04) is None
    assert retries.delay(GET, 0, 9.0, least=2.0) == 2.0
    assert retries.delay(GET, 0, 1.0, least=2.0) is None


def test_the_budget_bounds_repeats_to_a_tenth_of_the_calls() -> None:
    retries = Retries(1)
    for _ in range(1000):
        retries.earn()
        retries.delay(GET, 0, 9.0)
    assert 100 <= retries.count <= 111


@pytest.mark.parametrize(
    ("retry_after", "date", "seconds"),
    [
        ("", "", 0.0),
        ("7", "", 7.0),
        ("-7", "", 0.0),
        ("soon", "", 0.0),
        ("9" * 400, "", 999_999_999.0),
        ("Wed, 21 Oct 2026 07:00:05 GMT", "Wed, 21 Oct 2026 07:00:00 GMT", 5.0),
        ("Wed, 21 Oct 2026 07:00:00 GMT", "Wed, 21 Oct 2026 07:00:05 GMT", 0.0),
        ("Wed, 21 Oct 2026 07:00:05 GMT", "", 0.0),
        ("Wed, 21 Oct 2026 07:00:05 -0000", "Wed, 21 Oct 2026 07:00:00 GMT", 0.0),
        ("\xb2", "", 0.0),
    ],
)
def test_retry_after_is_read(retry_after: str, date: str, seconds: float) -> None:
    headers = [(b"retry-after", retry_after.encode("latin-1")), (b"date", date.encode())]
    assert retry_after_seconds(Response(503, headers, b"")) == seconds
