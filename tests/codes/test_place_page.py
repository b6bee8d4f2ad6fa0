"""``/p/…``: what somebody's camera opens."""

import asyncio
import html
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from flows.codes import patrol_dues, place_codes, places
from flows.codes.place_codes import PlaceCode, PlaceKind
from gateway.app import Gateway
from kernel.clock import ManualClock, SystemClock
from kernel.crypto.keys import Keys
from kernel.database import Database
from kernel.settings import Settings
from tests.cli.operator import Operator
from tests.codes import pictures
from tests.codes.mutants import bent

PLACE = ("--name-zh", "人民广场 B1-023", "--name-en", "People's Square", "--street-zh", "人民大道 221 号")
STREET = ("--street-en", "221 People's Avenue")


@pytest.fixture
async def operator(settings: Settings, keys: Keys) -> Operator:
    return Operator(settings)


@pytest.fixture
async def client(settings: Settings, keys: Keys, clock: ManualClock) -> AsyncIterator[httpx.AsyncClient]:
    gateway = Gateway(settings, clock=clock)
    transport = httpx.ASGITransport(gateway)
    async with gateway.running(), httpx.AsyncClient(transport=transport, base_url="https://city.example") as opened:
        yield opened


@pytest.mark.case("QR-11")
async def test_a_scan_opens_the_place_a_warning_or_that_it_is_retired(
    operator: Operator, client: httpx.AsyncClient, database: Database, keys: Keys
) -> None:
    at = ("--latitude", "31.2304", "--longitude", "121.4737")
    code = (
        await operator.done("place-code", "add", "--kind", "bay", "--reference", "B1-023", *PLACE, *STREET, *at)
    ).strip()
    async with database.session() as session:
        row = await places.find_place(session, code)
        known = await places.mac_keys(session, keys.cipher)
    text = place_codes.text_of(PlaceCode("bay", row.object_id, row.kid), known)
    for path in (f"/P/{text}", f"/p/{text.lower()}"):
        valid = await client.get(path)
        assert valid.status_code == 200
        assert all(shown in valid.text for shown in (code, "人民广场 B1-023", "人民大道 221 号", "官方二维码"))
    far = await client.get(f"/p/{text}?lat=31.25&lon=121.4737&lang=en")
    assert ("2179 metres" in far.text, "221 People's Avenue" in html.unescape(far.text)) == (True, True)
    forged = bent(text)
    tampered = await client.get(f"/P/{forged}")
    assert "请勿付款" in tampered.text
    assert tampered.text.count("<form") == 1  # to report it, and nothing else
    assert not any(word in tampered.text for word in (code, "人民广场", "钱包", "wallet", 'href="http'))
    for _ in range(2):  # sent twice by an impatient finger
        told = await client.post(f"/p/{forged}/report", data={"request_id": "one"})
        assert (told.status_code, "已收到举报" in told.text) == (200, True)
    assert await database.pool.fetchval("SELECT count(*) FROM place_report WHERE object_id = $1", row.object_id) == 1
    await client.post("/p/EVIL%1B/report", data={"request_id": "two"})
    reports = (await operator.done("place-code", "reports", "--days", "99999")).splitlines()
    assert [each.split("  ")[2:] for each in reports] == [
        [code, "人民广场 B1-023", "人民大道 221 号", repr(forged)],
        ["no place of the city's", "'EVIL\\x1b'"],
    ]
    assert reports[0].startswith("1 times  last 2026-11-30 08:00 UTC")
    await operator.done("place-code", "retire", code)
    assert "已停用" in (await client.get(f"/P/{text}")).text
    hostile = await client.get("/p/%3Cscript%3Ealert(1)")
    assert "<script" not in hostile.text


@pytest.mark.parametrize(("lang", "words"), [("zh", "请过一小时再试"), ("en", "Try again in an hour")])
async def test_who_reports_too_often_reads_it_in_their_language(
    client: httpx.AsyncClient, lang: str, words: str
) -> None:
    for _ in range(20):
        assert (await client.post("/p/EVIL/report")).status_code == 200
    refused = await client.post(f"/p/EVIL/report?lang={lang}")
    assert (refused.status_code, refused.headers["content-type"]) == (429, "text/html; charset=utf-8")
    assert words in refused.text
    assert "TOO_MANY_ATTEMPTS" in refused.text
    assert "<form" not in refused.text


@pytest.mark.parametrize(("kind", "leads"), [("lot", "parking"), ("counter", "appointments")])
async def test_who_scans_in_a_hall_is_not_warned_of_paying(  # noqa: PLR0917 - fixtures
    operator: Operator, client: httpx.AsyncClient, database: Database, keys: Keys, kind: PlaceKind, leads: str
) -> None:
    code = (await operator.done("place-code", "add", "--kind", kind, "--reference", f"{kind} 1", *PLACE)).strip()
    async with database.session() as session:
        row = await places.find_place(session, code)
        text = place_codes.text_of(PlaceCode(kind, row.object_id, row.kid), await places.mac_keys(session, keys.cipher))
    for lang, said in (("zh", "付款"), ("en", " pay")):
        page = (await client.get(f"/p/{text}?lang={lang}")).text
        assert (said in page) == (kind == "lot")
        assert f'<a class="button" href="/{leads}#scan={text}">' in page
    await operator.done("place-code", "retire", code)
    assert ("付款" in (await client.get(f"/p/{text}?lang=zh")).text) == (kind == "lot")


async def test_an_operator_prints_and_patrols(
    operator: Operator, database: Database, keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (await operator.done("place-code", "add", "--kind", "gate", "--reference", "gate 1", *PLACE)).strip()
    scene = (await operator.done("place-code", "sheet", "--scene")).split()
    assert (scene[0], len(scene[1])) == (code, 27)
    (page,) = (await operator.done("place-code", "sheet", "--out", str(tmp_path))).split()
    printed = await asyncio.to_thread(Path(page).read_text, "utf-8")
    assert code in printed
    assert "人民广场" in printed
    monkeypatch.chdir(tmp_path)
    assert await operator.done("place-code", "sheet") == "place-codes/place-codes-1.svg\n"
    (pdf,) = (await operator.done("place-code", "sheet", "--format", "pdf", "--out", str(tmp_path))).split()
    (sheet,) = pictures.printed(await asyncio.to_thread(Path(pdf).read_bytes))
    assert (code in sheet.text, len(sheet.codes)) == (True, 1)
    assert "never seen" in await operator.done("place-code", "list")
    assert await operator.done("place-code", "list", "--overdue") == ""
    for scanned in (scene[1], sheet.codes[0]):
        assert await operator.done("place-code", "verify", scanned) == f"{code} is ok.\n"
    assert "seen 2" in await operator.done("place-code", "list")
    at = ("--latitude", "31.2304", "--longitude", "121.4737")
    bay = (await operator.done("place-code", "add", "--kind", "bay", "--reference", "B1-023", *PLACE, *at)).strip()
    (_, in_bay) = (await operator.done("place-code", "sheet", "--scene", bay)).split()
    said = {
        (): ", but nobody says where (--latitude, --longitude): it is not counted as seen",
        ("--latitude", "31.25", "--longitude", "121.4737"): ", but 2179 m from its place: it is not counted as seen",
        at: "",
    }
    for where, about in said.items():
        assert f"{bay}  00  bay  B1-023  人民广场 B1-023  never seen" in await operator.done("place-code", "list")
        assert await operator.done("place-code", "verify", in_bay, *where) == f"{bay} is ok{about}.\n"
    await operator.done("place-code", "retire", bay)
    assert (await operator.type("place-code", "verify", "x" * 27)).exit_code == 1
    assert await operator.done("place-code", "due") == ""
    async with database.session() as session:
        row = await places.find_place(session, code)
        row.last_verified_at = datetime.now(UTC) - timedelta(days=32)
        session.add(row)
        await session.flush()
        assert await patrol_dues.open_dues(session, SystemClock()) == 1
    listed = await operator.done("place-code", "due")
    assert listed.startswith(f"{code}  gate  gate 1  人民广场 B1-023  人民大道 221 号  no position  due ")
    assert listed.endswith(", 2 days ago\n")
    await operator.done("place-code", "rotate", code, "--new-key")
    assert (await operator.type("place-code", "verify", scene[1])).exit_code == 1
    assert f"{code}  01  gate" in await operator.done("place-code", "list")
