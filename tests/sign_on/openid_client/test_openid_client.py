"""npm's openid-client, an independent relying party, against a gateway process and against a control.

The control is npm's oidc-provider, which the OpenID Foundation has certified: that the same checks pass there shows
that they are what the standards say, and not what we do.
"""

import asyncio
import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
from joserfc.jwk import ECKey

from adapters.sandbox.development import SMS_KEY
from auth.clients.clients import register
from auth.clients.tables import Client
from kernel.clock import SystemClock
from kernel.database import Database
from kernel.settings import Settings, variable
from tests.corpus.processes import free_port, listening, process
from tests.programs import run

FOLDER = Path(__file__).parent
RESIDENTS = ("wang", "li", "zhang")
_SECONDS = 240.0
_LEAST = 34


@pytest.fixture
async def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts with what they need, installed once for both sides."""
    folder = tmp_path_factory.getbasetemp() / "openid-client"
    if shutil.which("npm") is None:
        pytest.skip("node and npm are not here; tests/sign_on/conformance has the modules of the OpenID Foundation")
    if not (folder / "node_modules").is_dir():
        shutil.copytree(FOLDER, folder, dirs_exist_ok=True)
        code, output = await run("npm", "ci", "--no-audit", "--no-fund", "--fetch-retries=1", cwd=folder)
        if code:
            shutil.rmtree(folder)
            pytest.skip(f"npm cannot install; tests/sign_on/conformance has the modules: {output.decode()[-300:]}")
    return folder


class Registered(msgspec.Struct, frozen=True):
    """A client as both sides know it."""

    id: str
    back: str
    left: str
    secret: str = ""
    public: dict[str, Any] | None = None
    private: dict[str, Any] | None = None


@pytest.fixture
async def clients(database: Database) -> dict[str, Registered]:
    """Two sites and an agency, registered at the test's database."""
    key = ECKey.generate_key("P-256")
    public = key.as_dict(private=False) | {"kid": key.thumbprint(), "use": "sig"}
    agency: dict[str, Any] = {"tier": "T3", "auth_method": "private_key_jwt", "jwks": {"keys": [public]}}
    found: dict[str, Registered] = {}
    kinds: dict[str, dict[str, Any]] = {"a": {}, "b": {}, "agency": agency}
    for name, more in kinds.items():
        back, left = f"https://{name}.example/back", f"https://{name}.example/left"
        row = Client(
            client_id=f"site-{name}",
            name_zh="网站",
            name_en="Site",
            sector=f"{name}.example",
            redirect_uris=[back],
            post_logout_redirect_uris=[left],
            backchannel_logout_uri=f"https://{name}.example/gone" if more else "",
            scopes=["offline_access"],
            created_at=SystemClock().now(),
            **more,
        )
        async with database.session() as session:
            secret = await register(session, SystemClock(), row)
        keys = {"public": public, "private": key.as_dict(private=True)} if more else {}
        found[name] = Registered(row.client_id, back, left, secret, **keys)
    return found


async def journey(folder: Path, given: dict[str, Any]) -> list[dict[str, str]]:
    """Run the relying party and return its checks."""
    node = await asyncio.create_subprocess_exec(
        *("node", "--no-warnings", "rp.mjs"),
        cwd=folder,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_SECONDS):
            output, errors = await node.communicate(msgspec.json.encode(given))
    finally:
        if node.returncode is None:
            node.kill()
            await node.wait()
    assert node.returncode == 0, errors.decode()
    return msgspec.json.decode(output.splitlines()[-1], type=list[dict[str, str]])


def passed(results: list[dict[str, str]]) -> None:
    assert [each for each in results if "error" in each] == []
    assert len(results) >= _LEAST


@pytest.mark.case("SSO-01", "SSO-02")
async def test_openid_client_finds_nothing_wrong_with_a_gateway(
    installed: Path, clients: dict[str, Registered], settings: Settings, tmp_path: Path
) -> None:
    port, phones = free_port(), free_port()
    environ = {
        "database_url": settings.database_url,
        "redis_url": settings.redis_url,
        "state_dir": settings.state_dir,
        "gateway_port": str(port),
        "access_log": "false",
        "sms_url": f"http://127.0.0.1:{phones}/web/sms",
        "sms_key": f"{SMS_KEY.id}:{SMS_KEY.secret.decode()}",
    }
    sandbox, log = tmp_path / "sandbox.log", tmp_path / "gateway.log"
    with ExitStack() as stack:
        started = stack.enter_context(process(["cli.main", "sandbox", "--port", str(phones)], sandbox, {}))
        await asyncio.to_thread(listening, started, phones, sandbox)
        ours = {variable(name): value for name, value in environ.items()}
        started = stack.enter_context(process(["cli.main", "gateway"], log, ours))
        await asyncio.to_thread(listening, started, port, log)
        people = [{"name": name, "phone": f"+861390000000{n}"} for n, name in enumerate(RESIDENTS, 1)]
        given = {
            "side": "yiwang",
            "issuer": f"http://127.0.0.1:{port}",
            "sandbox": f"http://127.0.0.1:{phones}",
            "residents": people,
            "clients": clients,
        }
        passed(await journey(installed, given))


@pytest.mark.case("SSO-02")
async def test_openid_client_finds_nothing_wrong_with_the_control_either(
    installed: Path, clients: dict[str, Registered]
) -> None:
    passed(await journey(installed, {"side": "control", "clients": clients}))
