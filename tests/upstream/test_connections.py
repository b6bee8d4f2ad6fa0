"""Connections: kept, renewed, given up; nothing is left behind by callers that go away."""

import asyncio
import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from gateway.upstream.errors import (
    UpstreamBusyError,
    UpstreamError,
    UpstreamResetError,
    UpstreamSuspendedError,
    UpstreamTimeoutError,
    UpstreamTooLargeError,
    UpstreamUnreachableError,
)
from gateway.upstream.native import NativeTransport
from tests.upstream.conftest import MakeUpstream, StartDepartment, get
from tests.upstream.department import Do, Script, Step, answer

OK = answer(b"[1]")
own_only = pytest.mark.parametrize("client", ["native"])


async def test_one_connection_serves_many_calls(department: StartDepartment, upstream: MakeUpstream) -> None:
    one = await department(lambda _: [OK])
    service = upstream(one)
    for _ in range(20):
        await get(service)
    assert one.accepted == 1


async def test_concurrent_calls_never_exceed_the_connections(
    department: StartDepartment, upstream: MakeUpstream
) -> None:
    most = 0

    def script(_: str) -> list[Step]:
        nonlocal most
        most = max(most, one.open)
        return [0.005, OK]

    one = await department(script)
    service = upstream(one, connections=3)
    await asyncio.gather(*(get(service) for _ in range(30)))
    assert (most, one.accepted, len(one.heads)) == (3, 3, 30)


async def test_waiting_calls_go_in_the_order_they_came(department: StartDepartment, upstream: MakeUpstream) -> None:
    one = await department(lambda _: [0.002, OK])
    service = upstream(one, connections=1)
    await asyncio.gather(*(get(service, f"/{number}") for number in range(20)))
    assert [head.split()[1] for head in one.heads] == [f"/{number}" for number in range(20)]


async def test_a_full_queue_refuses_at_once(department: StartDepartment, upstream: MakeUpstream) -> None:
    release: list[Step] = []
    one = await department(lambda _: release or [Do.HANG])
    service = upstream(one, connections=2, queue=3)
    calls = [asyncio.create_task(get(service)) for _ in range(5)]
    await one.until(lambda: len(one.heads) == 2)
    with pytest.raises(UpstreamBusyError):
        await get(service)
    assert (service.active, service.waiting) == (2, 3)
    for call in calls:
        call.cancel()
    assert all(isinstance(end, asyncio.CancelledError) for end in await asyncio.gather(*calls, return_exceptions=True))
    release.append(OK)
    assert (await get(service)).body == b"[1]"


async def test_waiting_ends_with_the_deadline(department: StartDepartment, upstream: MakeUpstream) -> None:
    one = await department(lambda _: [Do.HANG])
    service = upstream(one, connections=1)
    first = asyncio.create_task(get(service))
    await one.until(lambda: len(one.heads) == 1)
    with pytest.raises(UpstreamBusyError):
        await get(service, seconds=0.05)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert len(one.heads) == 1


@pytest.mark.case("issue-2.6")
async def test_cancelled_calls_leave_nothing_behind(department: StartDepartment, upstream: MakeUpstream) -> None:
    one = await department(lambda head: [Do.HANG] if "/hang" in head else [OK])
    service = upstream(one, connections=2)
    calls = [asyncio.create_task(get(service, f"/hang/{number}")) for number in range(10)]
    await one.until(lambda: len(one.heads) == 2)
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    assert (service.active, service.waiting) == (0, 0)
    assert (await get(service)).body == b"[1]"
    await one.until(lambda: one.open == 1)  # both sockets of the cancelled are closed
    assert sorted(head.split()[1] for head in one.heads) == ["/hang/0", "/hang/1", "/lots"]


async def test_cancelling_at_any_moment_is_safe(department: StartDepartment, upstream: MakeUpstream) -> None:
    one = await department(lambda head: [OK[:20], 0.001, OK[20:-3], head.split()[1][-3:].encode()])
    service = upstream(one, connections=4)
    calls: list[asyncio.Task[object]] = []
    for number in range(300):
        calls.append(asyncio.create_task(get(service, f"/{number:03}")))
        if number % 3 == 0:
            await asyncio.sleep(0.0007 * (number % 7))
            calls[number // 2].cancel()
    ends = await asyncio.gather(*calls, return_exceptions=True)
    assert 0 < sum(isinstance(end, asyncio.CancelledError) for end in ends) < 200
    for number, end in enumerate(ends):
        if not isinstance(end, asyncio.CancelledError):
            assert getattr(end, "body", end) == f"{number:03}".encode()
    assert (service.active, service.waiting) == (0, 0)
    assert (await get(service, "/end")).body == b"end"


@pytest.mark.case("issue-2.6")
@own_only
async def test_cancelling_at_every_step_of_the_loop_is_safe(
    department: StartDepartment, upstream: MakeUpstream
) -> None:
    one = await department(lambda _: [OK])
    for steps in range(40):
        service = upstream(one, connections=1)
        call = asyncio.create_task(get(service))
        for _ in range(steps):
            await asyncio.sleep(0)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        assert (service.active, service.waiting) == (0, 0)
        await service.close()
    await one.until(lambda: one.open == 0)


async def test_a_call_without_time_is_not_sent(department: StartDepartment, upstream: MakeUpstream) -> None:
    one = await department(lambda _: [OK])
    service = upstream(one)
    await get(service)
    with pytest.raises(UpstreamTimeoutError):
        await get(service, seconds=0.0)
    assert len(one.heads) == 1


@pytest.mark.parametrize("resets", [True, False])
async def test_a_server_that_hangs_up_at_once_is_an_error(upstream: MakeUpstream, resets: bool) -> None:  # noqa: FBT001 - a parameter
    def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if resets:
            sock: socket.socket = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        service = upstream(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        for _ in range(50):
            with pytest.raises((UpstreamResetError, UpstreamUnreachableError, UpstreamSuspendedError)):
                await get(service)


DRIP: list[Step] = [0.02, b" "]
SLOW: dict[str, Script] = {
    "no first byte": lambda _: [Do.HANG],
    "half a head": lambda _: [OK[:10], Do.HANG],
    "half a body": lambda _: [OK[:-1], Do.HANG],
    "a drip": lambda _: [answer(b" " * 9000)[:-8000], *DRIP * 500],
}


@pytest.mark.case("issue-2.3")
@pytest.mark.parametrize("name", SLOW)
async def test_slow_answers_end_at_the_deadline(name: str, department: StartDepartment, upstream: MakeUpstream) -> None:
    one = await department(SLOW[name])
    service = upstream(one)
    with pytest.raises(UpstreamTimeoutError):
        await get(service, seconds=0.1)
    await one.until(lambda: one.open == 0)


@pytest.mark.parametrize("name", SLOW)
async def test_slow_answers_end_after_the_whole_time(
    name: str, department: StartDepartment, upstream: MakeUpstream
) -> None:
    one = await department(SLOW[name])
    with pytest.raises(UpstreamTimeoutError):
        await get(upstream(one, total_seconds=0.1))


@own_only
async def test_the_first_byte_has_a_time_of_its_own(department: StartDepartment, upstream: MakeUpstream) -> None:
    one = await department(lambda head: [Do.HANG] if "/hang" in head else [OK[:9], 0.15, OK[9:]])
    service = upstream(one, first_byte_seconds=0.1)
    with pytest.raises(UpstreamTimeoutError):
        await get(service, "/hang")
    assert (await get(service, "/slow-but-begun")).body == b"[1]"


async def test_a_call_may_have_more_time_than_its_service(department: StartDepartment, upstream: MakeUpstream) -> None:
    one = await department(lambda _: [0.2, OK[:-1], 0.2, OK[-1:]])
    service = upstream(one, first_byte_seconds=0.1, total_seconds=0.1)
    assert (await get(service, own_seconds=5.0)).body == b"[1]"
    with pytest.raises(UpstreamTimeoutError):
        await get(service)


async def test_a_call_may_have_less_time_than_its_service(department: StartDepartment, upstream: MakeUpstream) -> None:
    one = await department(lambda _: [Do.HANG])
    with pytest.raises(UpstreamTimeoutError):
        await get(upstream(one), own_seconds=0.1, seconds=60.0)
    await one.until(lambda: one.open == 0)


async def test_no_calls_own_time_exceeds_the_deadline(department: StartDepartment, upstream: MakeUpstream) -> None:
    one = await department(lambda _: [Do.HANG])
    with pytest.raises(UpstreamTimeoutError):
        await get(upstream(one), own_seconds=60.0, seconds=0.1)
    await one.until(lambda: one.open == 0)


@own_only
async def test_an_untaken_request_times_out(department: StartDepartment, upstream: MakeUpstream) -> None:
    one = await department(lambda _: [0.3, Do.CLOSE], reads_bodies=False)
    service = upstream(one, write_seconds=0.1)
    with pytest.raises(UpstreamTimeoutError, match="taken"):
        await get(service, method="POST", body=b"x" * 50_000_000)


async def test_an_early_answer_is_taken_and_its_connection_dropped(
    department: StartDepartment, upstream: MakeUpstream
) -> None:
    one = await department(lambda _: [answer(b"no", "413 Content Too Large"), Do.HANG], reads_bodies=False)
    service = upstream(one, idle_seconds=60.0)
    response = await get(service, method="POST", body=b"x" * 20_000_000)
    assert (response.status, response.body) == (413, b"no")
    await one.until(lambda: one.open == 0)


RENEWED: dict[str, list[Step]] = {
    "connection: close": [answer(b"[1]", headers="connection: close\r\n")],
    "HTTP/1.0": [b"HTTP/1.0 200 OK\r\ncontent-length: 3\r\n\r\n[1]"],
    "closed by the server": [OK, Do.CLOSE],
    "reset by the server": [OK, 0.02, Do.RESET],
}


@pytest.mark.parametrize("name", RENEWED)
async def test_spent_connections_are_renewed(name: str, department: StartDepartment, upstream: MakeUpstream) -> None:
    one = await department(lambda _: RENEWED[name])
    service = upstream(one)
    for number in range(1, 4):
        assert (await get(service, method="POST")).body == b"[1]"
        await one.until(lambda: one.open == 0 or name in {"connection: close", "HTTP/1.0"})
        await asyncio.sleep(0.01)
        assert one.accepted == number


@own_only
@pytest.mark.parametrize("surplus", [b"garbage", OK, b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n[", b"\x00"])
@pytest.mark.parametrize("pause", [0.0, 0.02])
async def test_bytes_after_an_answer_are_never_anyones_answer(
    surplus: bytes, pause: float, department: StartDepartment, upstream: MakeUpstream
) -> None:
    one = await department(lambda _: [OK, pause, surplus] if pause else [OK + surplus])
    service = upstream(one)
    for number in range(1, 4):
        assert (await get(service)).body == b"[1]"
        await one.until(lambda: one.open == 0)
        assert one.accepted == number


def forgets_after_first() -> tuple[list[str], Script]:
    """Answer once; the second request on a connection is reset, as by a server that closed it in that moment."""
    seen: list[str] = []

    def script(head: str) -> list[Step]:
        seen.append(head.split(maxsplit=1)[0])
        return [Do.RESET] if len(seen) == 2 else [answer(b"")]

    return seen, script


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_stale_connection_is_replaced_once_for_safe_methods(
    method: str, department: StartDepartment, upstream: MakeUpstream
) -> None:
    seen, script = forgets_after_first()
    one = await department(script)
    service = upstream(one)
    await get(service)
    assert (await get(service, method=method)).status == 200
    assert (seen, service.retries) == (["GET", method, method], 1)


async def test_a_closing_connection_is_not_taken(department: StartDepartment, upstream: MakeUpstream) -> None:
    one = await department(lambda _: [OK])
    service = upstream(one)
    await get(service)
    if isinstance(service._transport, NativeTransport):
        socket_ = service._transport._idle[0]._transport
        assert socket_ is not None
        socket_.close()  # the loop tells the connection later
    assert (await get(service, method="POST")).body == b"[1]"


@pytest.mark.case("issue-2.3")
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_stale_connection_is_an_error_for_other_methods(
    method: str, department: StartDepartment, upstream: MakeUpstream
) -> None:
    seen, script = forgets_after_first()
    service = upstream(await department(script))
    await get(service)
    with pytest.raises(UpstreamResetError):
        await get(service, method=method, body=b"{}")
    assert (seen, service.retries) == (["GET", method], 0)


@own_only
async def test_a_reset_after_the_first_byte_is_not_repeated(
    department: StartDepartment, upstream: MakeUpstream
) -> None:
    one = await department(lambda head: [OK[:9], 0.05, Do.RESET] if "/cut" in head else [OK])
    service = upstream(one)
    await get(service)
    with pytest.raises(UpstreamResetError):
        await get(service, "/cut")
    assert len(one.heads) == 2


async def test_idle_connections_are_closed(department: StartDepartment, upstream: MakeUpstream) -> None:
    one = await department(lambda _: [0.01, OK])
    service = upstream(one, idle_seconds=0.05)
    await asyncio.gather(get(service), get(service))
    assert one.accepted == 2
    await one.until(lambda: one.open == 0)
    if isinstance(service._transport, NativeTransport):
        assert service._transport._idle == []
    assert (await get(service)).body == b"[1]"


async def test_a_closed_port_is_unreachable(department: StartDepartment, upstream: MakeUpstream) -> None:
    one = await department(lambda _: [OK])
    await one.stop()
    with pytest.raises(UpstreamUnreachableError):
        await get(upstream(one))
    await one.start()


@contextmanager
def full_backlog() -> Iterator[int]:
    """A port whose backlog is full: the kernel drops further SYN packets."""
    with ExitStack() as sockets:
        listener = sockets.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            filler = sockets.enter_context(socket.socket())
            filler.setblocking(False)  # noqa: FBT003 - its signature
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


async def test_connecting_has_a_time_of_its_own(upstream: MakeUpstream, department: StartDepartment) -> None:
    with full_backlog() as port, pytest.raises(UpstreamTimeoutError):
        await get(upstream(f"http://127.0.0.1:{port}", connect_seconds=0.1))


@pytest.mark.parametrize("body", ["length", "chunked"])
async def test_fifty_megabytes_are_refused_unread(
    body: str, department: StartDepartment, upstream: MakeUpstream
) -> None:
    megabyte = b"x" * 10**6
    steps: dict[str, list[Step]] = {
        "length": [b"HTTP/1.1 200 OK\r\ncontent-length: 50000000\r\n\r\n", *[megabyte] * 50],
        "chunked": [
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            *[b"f4240\r\n" + megabyte + b"\r\n"] * 50,
        ],
    }
    one = await department(lambda _: steps[body])
    with pytest.raises(UpstreamTooLargeError):
        await get(upstream(one, max_body_bytes=10**6))
    await one.until(lambda: one.open == 0)
    assert one.sent_bytes < 25 * 10**6  # what the sockets' buffers hold


async def test_close_lets_calls_in_flight_end(department: StartDepartment, upstream: MakeUpstream) -> None:
    one = await department(lambda _: [0.1, OK])
    service = upstream(one)
    call = asyncio.create_task(get(service))
    await one.until(lambda: len(one.heads) == 1)
    await service.close(grace_seconds=5)
    assert (await call).body == b"[1]"
    with pytest.raises(UpstreamUnreachableError):
        await get(service)


async def test_close_aborts_what_does_not_end(department: StartDepartment, upstream: MakeUpstream) -> None:
    one = await department(lambda _: [Do.HANG])
    service = upstream(one)
    call = asyncio.create_task(get(service))
    await one.until(lambda: len(one.heads) == 1)
    await service.close(grace_seconds=0.01)
    with pytest.raises(UpstreamError):
        await call


@pytest.mark.case("issue-2.5")
async def test_a_dead_department_changes_nobody_elses_calls(
    department: StartDepartment, upstream: MakeUpstream
) -> None:
    dead, alive = await department(lambda _: [Do.HANG]), await department(lambda _: [OK])
    hanging = upstream(dead, connections=4, queue=100)
    calls = [asyncio.create_task(get(hanging)) for _ in range(100)]
    await dead.until(lambda: len(dead.heads) == 4)
    service = upstream(alive)
    for _ in range(50):
        await get(service)
    assert (alive.accepted, sum(call.done() for call in calls)) == (1, 0)
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
