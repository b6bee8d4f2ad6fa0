"""``yiwang sandbox`` as it is typed: it starts, says where it is, is used by our own client, and ends."""

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapters.http import open_http
from adapters.sandbox.development import SMS_KEY
from adapters.signed_json import SignedJson
from adapters.web.sms import Sms, SmsGateway
from kernel.clock import SystemClock

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "cli.main", "sandbox"]


@contextmanager
def sandbox(*arguments: str) -> Iterator[str]:
    """The address of a running ``yiwang sandbox``."""
    command = [*COMMAND, "--port", "0", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
        assert process.stdout is not None
        try:
            found = re.search(r"(http://127\.0\.0\.1:\d+)/ has the phones", process.stdout.readline())
            assert found
            yield found[1]
        finally:
            process.send_signal(signal.SIGINT)
    assert process.returncode == 0


async def test_it_serves_until_ctrl_c() -> None:
    with sandbox("--seed", "7") as base:
        async with open_http(base, "the sandbox") as http:
            assert json.loads((await http.send("GET", "/clock")).body)["seed"] == 7
            gateway = SmsGateway(SignedJson(http, SMS_KEY, SystemClock(), lambda: "n1", prefix="/web/sms"))
            await gateway.send(Sms(id="m1", to="+8613900000001", template="any", values={"code": "1"}))
            (message,) = json.loads((await http.send("GET", "/phones/wang/inbox")).body)
            assert (message["title"], message["lines"]) == ("any", [["code", "1"]])
            assert (await http.send("GET", "/")).body.startswith(b"<!doctype html>")


def test_a_taken_port_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run([*COMMAND, "--port", port], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own program
    assert done.returncode == 1
    assert f"the sandbox cannot listen on 127.0.0.1, port {port}" in done.stderr
