"""``yiwang department``, ``publish``, ``services`` and ``rollback`` against a gateway on a real socket."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from httpx import AsyncClient

from cli.main import yiwang
from gateway.app import Gateway
from kernel.errors import YiwangError
from kernel.http_server.server import Server
from kernel.settings import Settings
from tests.publish.gateway_under_test import document, open_to_loopback

MANIFEST = """\
department: city
name: parking
title: {zh: 停车, en: Parking}
document: api/openapi.json
upstream:
  url: http://127.0.0.1:9/
  headers: {x-key: "${PARKING_KEY}"}
"""


class Terminal:
    """Runs commands as an operator's or a department's shell would."""

    def __init__(self, settings: Settings, url: str, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            "YIWANG_DATABASE_URL": settings.database_url,
            "YIWANG_REDIS_URL": settings.redis_url,
            "YIWANG_GATEWAY": url,
            "PARKING_KEY": "hush",
        }

    async def run(self, *arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner(env=self.environment).invoke, yiwang, arguments)

    async def succeeds(self, *arguments: str) -> str:
        result = await self.run(*arguments)
        assert result.exit_code == 0, (result.output, result.exception)
        return result.output

    async def ask(self, query: str) -> None:
        """Send a query as somebody's app does."""
        async with AsyncClient(base_url=self.environment["YIWANG_GATEWAY"]) as client:
            assert (await client.post("/graphql", json={"query": query})).status_code == 200

    def write(self, api: object, manifest: str = MANIFEST) -> None:
        (self.folder / "api").mkdir(exist_ok=True)
        (self.folder / "api" / "openapi.json").write_bytes(msgspec.json.encode(api))
        (self.folder / "service.yaml").write_text(manifest)

    async def publish(self, api: object, *options: str, manifest: str = MANIFEST) -> Result:
        self.write(api, manifest)
        return await self.run("publish", str(self.folder / "service.yaml"), *options)


@pytest.fixture
async def terminal(settings: Settings, tmp_path: Path) -> AsyncIterator[Terminal]:
    opened = open_to_loopback(settings)
    gateway = Gateway(opened)
    listening = socket.create_server(("127.0.0.1", 0))
    async with gateway.running():
        server = Server(gateway)
        await server.open(listening)
        yield Terminal(opened, f"http://127.0.0.1:{listening.getsockname()[1]}", tmp_path)
        await server.stop(1.0)


@pytest.fixture
async def city(terminal: Terminal) -> Terminal:
    await terminal.succeeds("department", "add", "city", "--title-zh", "市", "--title-en", "City")
    result = await terminal.run("department", "credential", "city")
    terminal.environment["YIWANG_TOKEN"] = result.stdout.strip()
    return terminal


async def test_from_a_document_to_a_live_service_and_back(city: Terminal) -> None:
    first = await city.publish(document("free"))
    assert first.exit_code == 0, first.output
    assert "parking: version 1 is live" in first.output
    assert "1 of 1 operations, 1 fully typed" in first.output
    assert "curl -s http://127.0.0.1:" in first.output
    assert '{"query":"{ parking { lots { free } } }"}' in first.output
    assert "nothing has changed" in (await city.publish(document("free"))).output
    assert "version 2 is live" in (await city.publish(document("free", "taken"))).output
    listed = await city.succeeds("services")
    assert listed.splitlines()[1].split()[:4] == ["parking", "city", "2", "1"]
    assert "version 1 is live" in await city.succeeds("rollback", "parking")
    assert "version 2 is live" in await city.succeeds("rollback", "parking", "--to", "2")


async def test_a_breaking_change_is_shown_and_refused(city: Terminal) -> None:
    await city.publish(document("free", "taken"))
    await city.ask("query Taken { parking { lots { taken } } }")
    refused = await city.publish(document("free"))
    assert refused.exit_code == 1
    assert "breaking  ParkingLot.taken: The field is gone." in refused.output
    assert "a client that did not sign in: Taken (sent 1 times in 30 days" in refused.output
    assert isinstance(refused.exception, YiwangError)
    assert "Taken (uses ParkingLot.taken)" in refused.exception.message
    assert "--force" in refused.exception.fix
    assert "version 2 is live" in (await city.publish(document("free"), "--force")).output


async def test_a_dry_run_changes_nothing(city: Terminal) -> None:
    assert "fit to be published" in (await city.publish(document("free"), "--dry-run")).output
    assert len((await city.succeeds("services")).splitlines()) == 1


async def test_check_is_for_ci_and_diff_says_who_would_break(city: Terminal) -> None:
    service = str(city.folder / "service.yaml")
    city.write(document("free", "taken", "price"))
    assert "parking is new, with 1 operations:\n  Query.parking.lots" in await city.succeeds("diff", service)
    assert "fit to be published; nothing was changed" in await city.succeeds("check", service)
    await city.publish(document("free", "taken", "price"))
    assert "no changes in the graph" in await city.succeeds("diff", service)
    await city.ask("query Taken { parking { lots { taken } } }")

    city.write(document("free", "taken"))
    assert "breaking  ParkingLot.price" in await city.succeeds("check", service)
    assert (await city.run("check", service, "--strict")).exit_code == 1

    city.write(document("free", "price"))
    shown = await city.succeeds("diff", service)
    assert "1 operations of clients break" in shown
    assert "ParkingLot.taken: The field is gone." in shown
    assert "It would be refused" in shown
    assert (await city.run("check", service)).exit_code == 1
    assert len((await city.succeeds("services")).splitlines()) == 2

    told = json.loads(await city.succeeds("diff", service, "--json"))
    assert (told["needs_force"], told["broken"][0]["operation"]) == (True, "Taken")
    refused = await city.run("check", service, "--json")
    told = json.loads(refused.output)
    assert (refused.exit_code, told["fit"], told["error"]["code"]) == (1, False, "BREAKING_CHANGE")
    assert told["broken"][0]["changes"][0]["path"] == "ParkingLot.taken"


async def test_check_lists_what_is_guarded_and_refuses_what_nobody_finds(city: Terminal) -> None:
    service = str(city.folder / "service.yaml")
    api = document("price", "free")
    city.write(api, MANIFEST + 'fields: {"*.price": sensitive, ParkingLot.free: {class: personal, level: L1}}\n')
    shown = await city.succeeds("check", service)
    assert "parking is new, with 1 operations:\n" in shown
    assert "no changes" not in shown
    assert "2 with a privacy class of their own:\n" in shown
    assert "  ParkingLot.price: sensitive, L3\n" in shown
    assert "  ParkingLot.free: personal, L1\n" in shown
    assert shown.startswith(await city.succeeds("diff", service))
    city.write(api, MANIFEST + 'fields: {"*.prize": sensitive}\n')
    refused = await city.run("check", service)
    assert refused.exit_code == 1
    assert "Did you mean *.price?" in refused.output


async def test_check_fails_for_what_the_document_loses(city: Terminal) -> None:
    api = document("free")
    api["paths"]["/gates"] = {"$ref": "#/nowhere"}
    city.write(api)
    checked = await city.run("check", str(city.folder / "service.yaml"))
    assert checked.exit_code == 1
    assert "#/nowhere" in checked.output


async def test_an_app_registers_what_it_will_send(city: Terminal) -> None:
    await city.publish(document("free", "taken"))
    release = city.folder / "release.graphql"
    release.write_text("query Taken { parking { lots { taken } } }")
    register = (
        "documents",
        "register",
        str(release),
        "--app",
        "yiwang",
    )  # the sign-in page is an app of the city's own
    assert "NOT_YOUR_CLIENT" in str((await city.run(*register)).exception)
    await city.succeeds("documents", "entrust", "yiwang", "--department", "city")
    assert "yiwang: 1 documents registered, of parking" in await city.succeeds(*register)
    city.write(document("free"))
    shown = await city.succeeds("diff", str(city.folder / "service.yaml"))
    assert "yiwang: Taken (not sent yet, registered)" in shown
    release.write_text("{ parking { lots { takn } } }")
    refused = await city.run(*register)
    assert refused.exit_code == 1
    assert "release.graphql:1:20" in refused.output


async def test_a_rollback_says_whom_it_breaks(city: Terminal) -> None:
    await city.publish(document("free"))
    await city.publish(document("free", "taken"))
    await city.ask("{ parking { lots { taken } } }")
    rolled = await city.succeeds("rollback", "parking")
    assert "version 1 is live" in rolled
    assert "an operation without a name" in rolled


async def test_a_document_brings_the_files_it_refers_to(city: Terminal) -> None:
    api = document("free")
    (city.folder / "shared").mkdir()
    (city.folder / "shared" / "lot.yaml").write_text("type: object\nproperties: {free: {type: integer}}")
    (city.folder / "shared" / "unused.yaml").write_text("type: object")
    api["components"]["schemas"]["Lot"] = {"$ref": "../shared/lot.yaml"}
    assert "{ lots { free } }" in (await city.publish(api)).output


async def test_a_file_in_another_encoding_is_not_left_behind_silently(city: Terminal) -> None:
    api = document("free")
    (city.folder / "lot.yaml").write_bytes("type: object\ndescription: 车位\n".encode("gbk"))
    api["components"]["schemas"]["Lot"] = {"$ref": "../lot.yaml"}
    refused = await city.publish(api)
    assert refused.exit_code == 1
    assert "lot.yaml#: byte 26 is not UTF-8" in refused.output
    assert "these files are no text in UTF-8: lot.yaml" in refused.output
    (city.folder / "lot.yaml").write_bytes("type: object\nproperties: {free: {type: integer}}".encode("utf-16"))
    assert "{ lots { free } }" in (await city.publish(api)).output


async def test_a_document_may_be_named_as_shells_do(city: Terminal) -> None:
    written = MANIFEST.replace("api/openapi.json", "./api/../api/openapi.json")
    assert "version 1 is live" in (await city.publish(document("free"), manifest=written)).output


async def test_a_token_is_not_taken_along_by_a_redirect(city: Terminal) -> None:
    heard: list[bytes] = []

    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        status = b"HTTP/1.1 307 Temporary Redirect" if b"POST" in heard[-1] else b"HTTP/1.1 302 Found"
        writer.write(status + b"\r\nlocation: %s/elsewhere\r\ncontent-length: 0\r\n\r\n" % address.encode())
        writer.close()

    server = await asyncio.start_server(redirect, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    city.environment["YIWANG_GATEWAY"] = address
    for refused in (await city.publish(document("free")), await city.run("services")):
        assert f"leads to {address}/elsewhere; nothing was sent there" in str(refused.exception)
    assert len(heard) == 2
    server.close()


async def test_no_file_from_outside_the_folder_is_sent(city: Terminal) -> None:
    (city.folder.parent / "secret.yaml").write_text("type: object\nproperties: {secret: {type: integer}}")
    (city.folder / "link.yaml").symlink_to(city.folder.parent / "secret.yaml")
    for reference in ("../../secret.yaml", "../link.yaml"):
        api = document("free")
        api["components"]["schemas"]["Lot"] = {"$ref": reference}
        result = await city.publish(api, "--dry-run")
        assert result.exit_code == 0
        assert "secret" not in result.output.replace("secret.yaml", "")


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        (MANIFEST.replace("name:", "nmae:"), "service.yaml:2: /nmae: the key 'nmae' is unknown"),
        (
            MANIFEST + "  timeout_seconds: 5s\n",
            "service.yaml:8: /upstream/timeout_seconds: text stands where a number above 0 and up to 60 belongs",
        ),
        (MANIFEST.replace("PARKING_KEY", "OTHER_KEY"), "service.yaml:7: /upstream/headers/x-key: the environment"),
        (MANIFEST.replace("api/openapi", "openapi"), "the document 'openapi.json' cannot be read"),
    ],
)
async def test_a_wrong_manifest_never_leaves_the_machine(city: Terminal, manifest: str, said: str) -> None:
    city.environment["YIWANG_GATEWAY"] = "http://127.0.0.1:9"
    result = await city.publish(document("free"), manifest=manifest)
    assert result.exit_code in {1, 2}
    assert said in result.output


async def test_who_is_not_reached_or_not_known_is_said(city: Terminal) -> None:
    city.environment["YIWANG_TOKEN"] += "x"
    refused = await city.publish(document("free"))
    assert "CREDENTIAL_REFUSED" in str(refused.exception)
    city.environment["YIWANG_GATEWAY"] = "http://127.0.0.1:9"
    assert "no gateway answers" in str((await city.run("services")).exception)
    city.environment["YIWANG_GATEWAY"] = "ftp://x"
    assert (await city.run("services")).exit_code == 2


async def test_the_operator_sees_and_revokes_credentials(city: Terminal) -> None:
    key_id = city.environment["YIWANG_TOKEN"].split("_")[1]
    assert f"{key_id}  last used never" in await city.succeeds("department", "list")
    assert f"Revoked {key_id} of city." in await city.succeeds("department", "revoke", key_id)
    assert f"{key_id}  revoked" in await city.succeeds("department", "list")
    assert (await city.publish(document("free"))).exit_code == 1
    assert (await city.run("department", "revoke", "0")).exit_code == 2
    assert f"Revoked {key_id} of city." in await city.succeeds("department", "revoke", key_id)
    recorded = (await city.succeeds("audit", "show", "--object", f"credential:{key_id}")).splitlines()
    assert [line.split("  ")[-3] for line in recorded] == ["credential.issued", "credential.revoked"]  # once each
    assert all(line.endswith("department=city") for line in recorded)
    for wrong in (("add", "city", "--title-zh", "x", "--title-en", "x"), ("credential", "nowhere")):
        assert isinstance((await city.run("department", *wrong)).exception, YiwangError)
