"""What docs/sandbox.md shows is typed into a shell against a running sandbox."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.sandbox.development import IDENTITY_KEY, SMS_KEY
from adapters.sandbox.wechat_pay.keys import API_V3_KEY, MCHID, PUBLIC_KEY_ID, SERIAL
from tests.sandbox.test_command import ROOT, sandbox

PAGE = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text()
BLOCKS = re.findall(r"^```bash\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
needs = [name for name in ("bash", "curl", "openssl") if shutil.which(name) is None]


def typed(script: str, base: str) -> str:
    command = ["bash", "-ec", script.replace("http://127.0.0.1:9200", base)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - the page's own text
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(bool(needs), reason=f"not installed: {needs}")
def test_the_page_is_true() -> None:
    send, phones, faults = BLOCKS
    with sandbox() as base:
        assert json.loads(typed(send, base))["message"].startswith("sms-")
        said = typed(phones, base)
        assert all(each in said for each in ("王秀英", "385120", '"path":"/p/7"', "OpenID provider", "arrived at wang"))
        assert re.search(
            r'"planned":\{"web.sms":\["out_of_order","out_of_order"\]\}.*"ahead_seconds":600', typed(faults, base)
        )


def test_a_library_orders_at_wechat_pay_as_the_page_says() -> None:
    (script,) = (
        each for each in re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL) if "Core" in each
    )
    with sandbox() as base:
        command = [sys.executable, "-c", script.replace("http://127.0.0.1:9200", base)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - the page's own text
    assert done.stdout.startswith('(200, \'{"prepay_id":"wx'), done.stdout + done.stderr


def test_the_merchant_is_the_one_that_the_page_prints() -> None:
    assert f"| `{MCHID}` | `{SERIAL}` | `{API_V3_KEY}` | `{PUBLIC_KEY_ID}` |" in PAGE


def test_the_keys_are_those_that_the_page_prints() -> None:
    for key in (SMS_KEY, IDENTITY_KEY):
        assert f"| `{key.id}` | `{key.secret.decode()}` |" in PAGE
