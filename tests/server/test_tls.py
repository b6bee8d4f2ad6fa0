"""TLS by a context of the standard library: the same answers, and an end without half-closing."""

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from kernel.http_server.listening import listen
from kernel.http_server.server import Server
from tests.server.apps import Handlers, nothing
from tests.server.client import Client, parse

GET = b"GET /echo HTTP/1.1\r\nHost: a\r\n\r\n"

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificate")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    subject = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key.pem")
    command = ("openssl", "req", "-x509", "-days", "2", *key, *subject, "-out", "c.pem")
    subprocess.run(command, cwd=folder, check=True, capture_output=True)  # noqa: S603 - the system's openssl
    return folder


async def test_over_tls(certificate: Path, handlers: Handlers) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "c.pem", certificate / "key.pem")
    trusting = ssl.create_default_context(cafile=str(certificate / "c.pem"))
    listening = listen("127.0.0.1", 0)
    server = Server(nothing, handlers.paths())
    await server.open(listening, context)
    async with await Client.connect(listening.getsockname()[1], ssl=trusting, server_hostname="localhost") as client:
        for _ in range(2):
            assert (await client.ask(GET)).status == 200
        assert len((await client.ask(b"GET /big?3000000 HTTP/1.1\r\nHost: a\r\n\r\n")).body) == 3_000_000
        await client.send(GET + b"rubbish\r\n\r\n")
        assert [reply.status for reply in parse(await client.rest())] == [200, 400]
    await server.stop(1)
    assert server.connections == 0
