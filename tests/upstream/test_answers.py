"""What comes back, well-formed and not, over a real socket, on both loops and through both transports."""

import gzip
import zlib

import pytest

from gateway.upstream.errors import (
    UpstreamBadAnswerError,
    UpstreamError,
    UpstreamResetError,
    UpstreamTooLargeError,
)
from supergraph.wire import Response
from tests.upstream.conftest import MakeUpstream, StartDepartment, get
from tests.upstream.department import Do, Step, answer

CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
RAW = zlib.compressobj(wbits=-15)
RAW_DEFLATE = RAW.compress(b'{"free":3}') + RAW.flush()

WELL_FORMED: dict[str, tuple[list[Step], int, bytes]] = {
    "content-length": ([answer(b'{"free":3}')], 200, b'{"free":3}'),
    "in small pieces": ([bytes([byte]) for byte in answer(b'{"free":3}')], 200, b'{"free":3}'),
    "an empty body": ([answer(b"")], 200, b""),
    "chunked": ([CHUNKED + b"4\r\nfree\r\n", 0.01, b"2;x=1\r\n:3\r\n0\r\n\r\n"], 200, b"free:3"),
    "chunked with trailers": ([CHUNKED + b"2\r\n:3\r\n0\r\nx-sum: 1\r\n\r\n"], 200, b":3"),
    "until the connection closes": ([b"HTTP/1.1 200 OK\r\n\r\n[1,", b"2]", Do.CLOSE], 200, b"[1,2]"),
    "HTTP/1.0": ([b"HTTP/1.0 200 OK\r\n\r\n[1,2]", Do.CLOSE], 200, b"[1,2]"),
    "204": ([b"HTTP/1.1 204 No Content\r\n\r\n"], 204, b""),
    "304 with a length": ([b"HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n"], 304, b""),
    "HTML": ([answer(b"<html>", headers="content-type: text/html\r\n")], 200, b"<html>"),
    "a problem document": ([answer(b'{"title":"no"}', "422 Unprocessable Content")], 422, b'{"title":"no"}'),
    "a server error": ([answer(b"oops", "500 Internal Server Error")], 500, b"oops"),
    "an unwell server": ([answer(b"", "503 Service Unavailable")], 503, b""),
    "invalid UTF-8": ([answer(b"\xff\xfe")], 200, b"\xff\xfe"),
    "100 and 103 before": (
        [b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + answer(b"1")],
        200,
        b"1",
    ),
    "no reason phrase": ([b"HTTP/1.1 200\r\ncontent-length: 1\r\n\r\n1"], 200, b"1"),
    "a redirect without a location": ([answer(b"", "302 Found")], 302, b""),
    "gzip": ([answer(gzip.compress(b'{"free":3}'), headers="content-encoding: gzip\r\n")], 200, b'{"free":3}'),
    "gzip in members": (
        [answer(gzip.compress(b"[1,") + gzip.compress(b"2]"), headers="Content-Encoding: X-GZip \r\n")],
        200,
        b"[1,2]",
    ),
    "deflate": ([answer(zlib.compress(b"[1,2]"), headers="content-encoding: deflate\r\n")], 200, b"[1,2]"),
    "bare deflate": ([answer(RAW_DEFLATE, headers="content-encoding: deflate\r\n")], 200, b'{"free":3}'),
    "identity": ([answer(b"[1,2]", headers="content-encoding: identity\r\n")], 200, b"[1,2]"),
}


@pytest.mark.case("issue-2.3")
@pytest.mark.parametrize("name", WELL_FORMED)
async def test_well_formed_answers_come_back_whole(
    name: str, department: StartDepartment, upstream: MakeUpstream
) -> None:
    steps, status, body = WELL_FORMED[name]
    response = await get(upstream(await department(lambda _: steps)))
    assert (response.status, response.body) == (status, body)


async def test_header_names_are_lower_case_and_values_bare(department: StartDepartment, upstream: MakeUpstream) -> None:
    one = await department(lambda _: [answer(headers="X-Page:  2 \r\nX-Empty:\r\nX-Page: 3\r\n")])
    response = await get(upstream(one))
    assert [pair for pair in response.headers if pair[0] != b"content-length"] == [
        (b"x-page", b"2"),
        (b"x-empty", b""),
        (b"x-page", b"3"),
    ]
    assert response.header(b"x-page") == b"2"


HEADED: dict[str, list[Step]] = {
    "interim": [
        b"HTTP/1.1 103 Early Hints\r\nx-early: 1\r\ncontent-encoding: br\r\n\r\n",
        answer(b":3", headers="x-a: 1\r\n"),
    ],
    "trailers": [CHUNKED, b"2\r\n:3\r\n0\r\nx-sum: 1\r\ncontent-encoding: br\r\n\r\n"],
}


@pytest.mark.parametrize("name", HEADED)
async def test_only_the_headers_of_the_answer_itself_count(
    name: str, department: StartDepartment, upstream: MakeUpstream
) -> None:
    response = await get(upstream(await department(lambda _: HEADED[name])))
    assert response.body == b":3"
    assert {name for name, _ in response.headers} <= {b"x-a", b"content-length", b"transfer-encoding"}


async def test_decoded_answers_do_not_pretend_to_be_encoded(
    department: StartDepartment, upstream: MakeUpstream
) -> None:
    one = await department(lambda _: [answer(gzip.compress(b"1"), headers="content-encoding: gzip\r\nx-a: 1\r\n")])
    assert await get(upstream(one)) == Response(200, [(b"x-a", b"1")], b"1")


@pytest.mark.parametrize("head", [answer(b"")[:-2].replace(b": 0", b": 900") + b"\r\n", CHUNKED, answer(b"")])
async def test_head_answers_have_no_body_and_keep_the_connection(
    head: bytes, department: StartDepartment, upstream: MakeUpstream
) -> None:
    one = await department(lambda request: [head if request.startswith("HEAD") else answer(b"[1]")])
    service = upstream(one)
    response = await get(service, method="HEAD")
    assert (response.status, response.body) == (200, b"")
    assert (await get(service)).body == b"[1]"
    assert one.accepted == 1


BAD = UpstreamBadAnswerError
CUT = UpstreamResetError
LARGE = UpstreamTooLargeError
MALFORMED: dict[str, tuple[list[Step], type[UpstreamError]]] = {
    "cut within the head": ([b"HTTP/1.1 200 OK\r\ncontent-le", Do.CLOSE], CUT),
    "cut within the body": ([b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n[1,", Do.CLOSE], CUT),
    "cut within a chunk": ([CHUNKED + b"9\r\n[1,", Do.CLOSE], CUT),
    "cut before the last chunk": ([CHUNKED + b"3\r\n[1,\r\n", Do.CLOSE], CUT),
    "reset before the head": ([Do.RESET], CUT),
    "reset within the head": ([b"HTTP/1.1 200 OK\r\ncontent-le", 0.05, Do.RESET], CUT),
    "reset within the body": ([b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n[1,", 0.05, Do.RESET], CUT),
    "not HTTP": ([b"SSH-2.0-OpenSSH_9.2\r\n"], BAD),
    "bad status": ([b"HTTP/1.1 2x0 OK\r\n\r\n"], BAD),
    "bad chunk size": ([CHUNKED + b"zz\r\n"], BAD),
    "a body coded twice": ([answer(b"1", headers="content-encoding: gzip, gzip\r\n")], BAD),
    "an unknown coding": ([answer(b"1", headers="content-encoding: br\r\n")], BAD),
    "not gzip": ([answer(b"12345678", headers="content-encoding: gzip\r\n")], BAD),
    "cut gzip": ([answer(gzip.compress(b"[1,2]")[:-3], headers="content-encoding: gzip\r\n")], BAD),
    "NUL in a header": ([b"HTTP/1.1 200 OK\r\nx-a: 1\x002\r\ncontent-length: 0\r\n\r\n"], BAD),
    "two lengths": ([b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 1\r\n\r\n12"], BAD),
    "a negative length": ([b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n"], BAD),
    "a length beyond 64 bits": ([b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999999\r\n\r\n"], BAD),
    "length and chunked": (
        [b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"],
        BAD,
    ),
    "a huge length": ([b"HTTP/1.1 200 OK\r\ncontent-length: 9000000000\r\n\r\n"], LARGE),
    "50 MB announced": ([b"HTTP/1.1 200 OK\r\ncontent-length: 50000000\r\n\r\n", *[b"x" * 100_000] * 500], LARGE),
    "50 MB in chunks": ([CHUNKED, *[b"186a0\r\n" + b"x" * 100_000 + b"\r\n"] * 500], LARGE),
    "50 MB until close": ([b"HTTP/1.1 200 OK\r\n\r\n", *[b"x" * 100_000] * 500, Do.CLOSE], LARGE),
    "a bomb": ([answer(gzip.compress(b" " * 50_000_000, 1), headers="content-encoding: gzip\r\n")], LARGE),
}


@pytest.mark.case("issue-2.3")
@pytest.mark.parametrize("name", MALFORMED)
async def test_malformed_answers_are_refused(name: str, department: StartDepartment, upstream: MakeUpstream) -> None:
    steps, error = MALFORMED[name]
    service = upstream(await department(lambda request: steps if "/bad" in request else [answer(b"well")]))
    with pytest.raises(error) as caught:
        await get(service, "/bad", "POST")
    assert caught.value.message.startswith("parking: ")
    assert caught.value.fix
    assert "127.0.0.1" not in caught.value.message
    assert service.failures == {error.code: 1}
    assert (await get(service)).body == b"well"  # the connection of the bad answer is not used again


STRICTER: dict[str, list[Step]] = {
    "line feeds only": [b"HTTP/1.1 200 OK\ncontent-length: 1\n\n1"],
    "a folded header": [b"HTTP/1.1 200 OK\r\nx-a: 1\r\n 2\r\ncontent-length: 1\r\n\r\n1"],
    "a switch of protocols": [b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"],
    "a header of 100 kB": [b"HTTP/1.1 200 OK\r\n", b"x-a: " + b"a" * 100_000, Do.HANG],
    "a flood of headers": [b"HTTP/1.1 200 OK\r\n", *[b"x-a: 1\r\n" * 1000] * 20, Do.HANG],
    "a flood of interim answers": [*[b"HTTP/1.1 100 Continue\r\n\r\n" * 1000] * 20, Do.HANG],
}


@pytest.mark.parametrize("client", ["native"])
@pytest.mark.parametrize("name", STRICTER)
async def test_the_own_transport_is_strict(name: str, department: StartDepartment, upstream: MakeUpstream) -> None:
    service = upstream(await department(lambda _: STRICTER[name]))
    with pytest.raises(UpstreamBadAnswerError):
        await get(service, method="POST")


@pytest.mark.parametrize("client", ["native"])
async def test_a_reset_does_not_end_a_body_without_length(department: StartDepartment, upstream: MakeUpstream) -> None:
    service = upstream(await department(lambda _: [b"HTTP/1.1 200 OK\r\n\r\n[1,", 0.05, Do.RESET]))
    with pytest.raises(UpstreamResetError):
        await get(service)


@pytest.mark.parametrize("client", ["native"])
@pytest.mark.parametrize(
    "flood",
    [
        [CHUNKED, b"1\r\n \r\n" * 20_000, Do.HANG],
        [CHUNKED, b"1;" + b"x" * 100_000, Do.HANG],
        [CHUNKED + b"0\r\n", b"x-a: 1\r\n" * 20_000, Do.HANG],
    ],
    ids=["tiny chunks", "a chunk extension", "trailers"],
)
async def test_overhead_counts_towards_the_limit(
    flood: list[Step], department: StartDepartment, upstream: MakeUpstream
) -> None:
    service = upstream(await department(lambda _: flood), max_body_bytes=10_000)
    with pytest.raises(UpstreamTooLargeError):
        await get(service, method="POST")


async def test_the_size_limit_is_exact(department: StartDepartment, upstream: MakeUpstream) -> None:
    def script(head: str) -> list[Step]:
        size = int(head.split()[1][1:].split("/", maxsplit=1)[0])
        body = b"x" * size
        return [answer(gzip.compress(body), headers="content-encoding: gzip\r\n") if "/gzip" in head else answer(body)]

    service = upstream(await department(script), max_body_bytes=1000)
    for target in ("/1000", "/1000/gzip"):
        assert len((await get(service, target)).body) == 1000
    for target in ("/1001", "/1001/gzip"):
        with pytest.raises(UpstreamTooLargeError):
            await get(service, target)
