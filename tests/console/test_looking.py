"""The console's views in a real browser: what they show, in both languages, on a phone's width, and for everybody."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services_catalog.lifecycle.tables import Notice
from services_catalog.probes.tables import Probe, ProbeDay, ProbedEntry
from tests.browser import Browser
from tests.catalogue.office import Office
from tests.services_catalog.entries.samples import CASE, IMPLEMENTATION, IMPLEMENTATION_CODE, ITEM, ITEM_CODE

pytestmark = pytest.mark.case("issue-4.3")
ENTRY = f"entry/{IMPLEMENTATION_CODE}"
_VISITS = itertools.count()
VIEWS = ("inbox", "entries", "notices", "conformity", ENTRY, f"drift/{ITEM_CODE}")

# Controls without a name, and texts whose contrast is below 4.5:1 (WCAG 2.2, 4.1.2 and 1.4.3).
FAULTS = """
const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
const rgba = (color) => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  return canvas.getImageData(0, 0, 1, 1).data;
};
const light = (color) => {
  const [r, g, b] = [...rgba(color)].slice(0, 3).map((each) => each / 255)
    .map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (each) => {
  for (; each; each = each.parentElement) {
    const color = getComputedStyle(each).backgroundColor;
    if (rgba(color)[3] === 255) return color;
  }
  return "white";
};
const faults = [];
for (const each of document.querySelectorAll("body *")) {
  const own = [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  if (!own || !each.checkVisibility()) continue;
  const [one, other] = [light(getComputedStyle(each).color), light(behind(each))].sort((a, b) => a - b);
  const contrast = (other + 0.05) / (one + 0.05);
  if (contrast < 4.5) faults.push(`${contrast.toFixed(2)}: ${each.textContent.slice(0, 40)}`);
}
for (const each of document.querySelectorAll("button, input, select, textarea, meter, a"))
  if (!(each.labels?.length || each.ariaLabel || each.textContent.trim())) faults.push(each.outerHTML);
if (document.documentElement.scrollWidth > innerWidth) faults.push(`${document.documentElement.scrollWidth} px wide`);
return faults;
"""


@pytest.fixture
async def told(office: Office) -> Office:
    """The office, with what the worker writes down of probes and to staff."""
    await office.offer_operation()
    await office.bring_out(ITEM)
    await office.bring_out(IMPLEMENTATION)
    await office.bring_out(CASE)
    await office.put("editor", IMPLEMENTATION, contact={"phone": "010-87654321"})
    await office.post("editor", f"/entries/{IMPLEMENTATION_CODE}/submit")
    now = datetime.now(UTC)
    probe = Probe(
        id="a" * 64,
        operation="query marriage.offices",
        service="marriage",
        arguments={},
        slow_after_ms=3000,
        due_at=now,
        down=True,
        since=now - timedelta(minutes=12),
        because="/0/free is missing",
        checked_at=now,
        took_ms=120,
        failure="/0/free is missing",
        found=[{"kind": "missing", "at": "/0/free"}],
    )
    async with office.city.database.session() as session:
        for at, kind in enumerate(("degraded", "recovered")):
            body = IMPLEMENTATION["organisation"]
            session.add(Notice(organisation=body, entry=IMPLEMENTATION_CODE, kind=kind, text=f"第{at}条", at=now))
            await session.flush()
        session.add_all([probe, ProbeDay(service="marriage", day=now.date(), checks=200, passed=181, missing=19)])
        await session.flush()
        session.add(ProbedEntry(entry=IMPLEMENTATION_CODE, probe=probe.id))
    return office


async def see(window: Browser, url: str, view: str) -> None:
    """Open a view by its address, as a link does; the page is loaded anew."""
    await window.open(f"{url}/console?{next(_VISITS)}#/{view}")
    await window.find("main:not([aria-busy]) > h1 + *")


async def sign_in(window: Browser, url: str, token: str) -> None:
    await window.open(f"{url}/console")
    await window.run("sessionStorage.setItem('yiwang.credential', arguments[0])", token)


async def test_conformity_is_for_everybody(told: Office, url: str, chromium: Browser) -> None:
    await see(chromium, url, "conformity")
    assert "90.5 %" in await chromium.text("tbody tr")
    assert await chromium.run("return document.querySelector('meter').value") == 90.5
    await see(chromium, url, ENTRY)
    await chromium.find("#credential")


async def test_notices_are_marked_until_they_are_read(told: Office, url: str, chromium: Browser) -> None:
    await sign_in(chromium, url, told.tokens["editor"])
    await see(chromium, url, "notices")
    assert [each[-3:] for each in (await chromium.text(".notices")).splitlines() if "条" in each] == ["第1条", "第0条"]
    assert await chromium.run("return document.querySelectorAll('.unread').length") == 2
    await chromium.click("main button")
    await chromium.gone(".unread")
    await see(chromium, url, "notices")
    assert await chromium.run("return document.querySelectorAll('.unread').length") == 0


async def test_an_entry_says_whether_it_works_and_where_its_values_come_from(
    told: Office, url: str, chromium: Browser
) -> None:
    await sign_in(chromium, url, told.tokens["reviewer"])
    await see(chromium, url, ENTRY)
    works = await chromium.text("[aria-labelledby=probes-heading]")
    assert "不可用" in works
    assert "/0/free is missing" in works
    await chromium.click("#only-different")
    assert f"继承自 {ITEM_CODE}" in await chromium.text("[data-field=legal_basis] .origin")
    assert "本级填写 · 由 credential:" in await chromium.text("[data-field=summary] .origin")
    await see(chromium, url, f"drift/{ITEM_CODE}")
    assert "另一办理情形" in await chromium.text(".field")


async def test_a_list_is_filtered_by_its_address(told: Office, url: str, chromium: Browser) -> None:
    await sign_in(chromium, url, told.tokens["reviewer"])
    await see(chromium, url, "entries")
    rows = "return [...document.querySelectorAll('tbody code')].map((each) => each.textContent)"
    assert ITEM_CODE in await chromium.run(rows)
    await chromium.type("#state", "待审核")
    await chromium.click("main form button")
    await chromium.find("main:not([aria-busy]) .quiet", "1 项")
    assert await chromium.run("return location.hash") == "#/entries/checked/-/-"
    await chromium.run("location.reload()")
    await chromium.find("main:not([aria-busy]) .quiet", "1 项")
    assert IMPLEMENTATION_CODE in await chromium.run(rows)


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_every_view_can_be_read_by_everybody_on_a_phone(
    told: Office, url: str, chromium: Browser, language: str
) -> None:
    await sign_in(chromium, url, told.tokens["reviewer"])
    await chromium.run("localStorage.setItem('yiwang.language', arguments[0])", language)
    await chromium.width(360)
    faults: dict[str, Any] = {}
    for scheme in ("light", "dark"):
        await chromium.scheme(scheme)
        for view in VIEWS:
            await see(chromium, url, view)
            assert await chromium.run("return document.documentElement.lang") == language
            faults[f"{view}, {scheme}"] = await chromium.run(FAULTS)
    assert {view: found for view, found in faults.items() if found} == {}
    assert await chromium.complaints() == []
