"""In real browsers a resident books, scans the hall's printed sticker, is called, shown and served; or just comes."""

import asyncio
import itertools
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis
from sqlmodel import select

from auth.sessions.sessions import end_all_of
from auth.sessions.tables import Session
from kernel.clock import SystemClock
from kernel.crypto.keys import open_keys
from schema import appointment_hall
from tests.appointments.hall import OFFICE, SERVICE, WINDOW, Hall
from tests.appointments.lobby import Lobby
from tests.browser import Browser, browser
from tests.cli.operator import Operator
from tests.codes.pictures import printed
from tests.gateway.conftest import City
from tests.gateway.halls.staff_of import key
from tests.gateway.residents.hosts import WECHAT, Phones, agree, sign_in
from tests.gateway.residents.test_appointments import ALWAYS, HOLD
from tests.gateway.residents.test_appointments_page import TOGETHER, opened
from tests.gateway.residents.test_halls import CHECK_IN, THERE
from tests.gateway.residents.test_proofs import PROVE
from tests.hall_visit import Place, be_called, book, check_in, staff_come
from tests.simulated_phone import open_page

_SOON = {**SERVICE, "minutes": 5, "level": "L2", "lead_minutes": 0, "days": 1}
_LINKS = """window.online = fetch;
window.links = [];
window.fetch = (path, asked) => {
  if (!asked.signal) return online(path, asked);
  links.push(new AbortController());
  return online(path, { ...asked, signal: AbortSignal.any([asked.signal, links.at(-1).signal]) });
};"""
_OBSERVE = """const queue = document.getElementById("queue");
window.spoken = [queue.textContent];  // what a screen reader has read out
new MutationObserver(() => window.spoken.push(queue.textContent)).observe(queue, { childList: true });"""
_OTHER = {**SERVICE, "code": "reissue", "name_zh": "补领证件", "letter": "B", "lead_minutes": 0}


@pytest.fixture
async def hall(city: City, redis: Redis) -> Hall:
    """An office where it is noon, so that its next times are today and can be checked in to at once."""
    made = Hall(city.settings, city.gateway.database, redis, open_keys(city.settings))
    now = SystemClock().now()
    made.clock.advance(now - made.clock.now())
    ahead = 12 - now.astimezone(UTC).hour
    schedule = {"days": ["working"], "hours": "09:00-17:00", "places": {"public": 2}}
    window = {**WINDOW, "slot_minutes": 5, "skills": ["marriage", "reissue"], "schedules": [schedule]}
    counters = [{"code": "3", "name_zh": "3号窗口", "name_en": "Counter 3"}]
    office = {**OFFICE, "resources": [window], "counters": counters}
    zone = f"Etc/GMT{-ahead:+}"  # the sign is the other way round there
    await made.build(_SOON, _OTHER, offices=[office], calendar=ALWAYS, zone=zone)
    return made


@pytest.fixture
async def place(city: City, phones: Phones, hall: Hall, origin: str, tmp_path: Path) -> Place:
    """The hall, with a sticker that an operator has printed, read off the paper by a scanner."""
    operator = Operator(city.settings)
    named = ("--name-zh", "登记处大厅", "--name-en", "Registry hall", "--street-zh", "人民大道 221 号")
    where = ("--latitude", "31.2", "--longitude", "121.4")
    await operator.done("place-code", "add", "--kind", "counter", "--reference", "office:hall", *named, *where)
    (pdf,) = (await operator.done("place-code", "sheet", "--format", "pdf", "--out", str(tmp_path))).split()
    (sheet,) = printed(await asyncio.to_thread(Path(pdf).read_bytes))
    (read,) = sheet.codes
    person = phones.person("wang")
    return Place(
        gateway=origin,
        phones=phones.origin,
        office="hall",
        counter="3",
        service="结婚登记",
        sticker=read,
        clerk=await key(hall, "clerk"),
        display=await key(hall, "display"),
        name=person["name"],
        id_number=person["idNumber"],
        latitude=31.2,
        longitude=121.4,
    )


@pytest.fixture
def looking_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have who was signed out elsewhere found at once."""
    monkeypatch.setattr(appointment_hall, "_LOOK_SECONDS", 0.2)


async def take_ticket(place: Place, phones: Phones, chromium: Browser, number: str = "B001") -> None:
    """Scan in the hall without an appointment, and wait there."""
    await chromium.stand(place.latitude, place.longitude)
    scanned = place.sticker.rsplit("/", 1)[1]
    await chromium.open(f"{place.gateway}/appointments#app={WECHAT}&code={phones.code('wang')}&scan={scanned}")
    await chromium.click(".service", "补领证件")
    await chromium.find("#queue .number", number)


async def end_sessions(hall: Hall) -> None:
    """Sign everybody out by another phone of theirs; the access tokens that they have are good by themselves."""
    async with hall.database.session() as session:
        for account in (await session.exec(select(Session.account_id).distinct())).all():
            await end_all_of(session, SystemClock(), account, "signed_out")


async def sign_in_again(chromium: Browser, code: str) -> None:
    await chromium.find("#queue .failure", "请先登录")
    await chromium.click("#queue button.main", "登录")
    await chromium.type("#code", code)
    await chromium.click("dialog button.main")


async def test_from_booking_to_being_served(place: Place, chromium: Browser) -> None:
    await book(chromium, place)
    number = await check_in(chromium, place)
    async with browser() as counter, browser() as screen:
        await staff_come(counter, screen, place)
        await be_called(chromium, counter, screen, (number, place.name))
        for each in (chromium, counter, screen):
            await each.leave()
            assert await each.complaints() == []


async def test_whoever_scans_may_come_on_the_day_and_across_midnight_within_the_window(
    origin: str, chromium: Browser
) -> None:
    await chromium.open(f"{origin}/appointments")
    ask = """const [startsAt, times] = arguments;
        return import("/appointments-page/mine.js").then(({ isOfDay }) => times.map((at) =>
            isOfDay({ startsAt, details: { timeZone: "Asia/Shanghai" } }, Date.parse(at))));"""
    for starts_at, of_day, other in (
        ("2026-12-01T00:10+08:00", ["2026-11-30T23:40+08:00", "2026-12-01T18:00+08:00"], ["2026-11-30T23:39+08:00"]),
        ("2026-11-30T23:55+08:00", ["2026-12-01T00:05+08:00", "2026-11-30T08:00+08:00"], ["2026-12-01T00:06+08:00"]),
    ):
        assert await chromium.run(ask, starts_at, of_day + other) == [True, True, False]


async def test_a_walk_in_scans_takes_a_ticket_and_leaves(place: Place, chromium: Browser) -> None:
    read = place.sticker.rsplit("/", 1)[1]
    await chromium.stand(place.latitude, place.longitude)
    await open_page(chromium, place.phones, f"{place.gateway}/P/{read}")  # the phone's camera opens the sticker's page
    await chromium.click("a[href^='/appointments']", "签到、取号")
    await chromium.find("h2", "没有预约")
    await chromium.click(".service", "补领证件")
    await chromium.find("#queue .number", "B001")
    await chromium.click("button", "不等了")
    await chromium.click("button.grave", "确定离开队伍")
    await chromium.find("#mine", "您还没有预约")


async def test_who_does_not_say_where_they_are_is_told_what_to_do(
    place: Place, phones: Phones, chromium: Browser
) -> None:
    await chromium.hide()
    scanned = place.sticker.rsplit("/", 1)[1]
    await chromium.open(f"{place.gateway}/appointments#app={WECHAT}&code={phones.code('wang')}&scan={scanned}")
    await chromium.click(".service", "补领证件")
    await chromium.find(".failure", "允许使用位置")
    await chromium.stand(place.latitude, place.longitude)  # they allow it after all
    await chromium.click(".service", "补领证件")
    await chromium.find("#queue .number", "B001")


async def test_who_is_sent_on_sees_what_they_wait_for_now(
    place: Place, phones: Phones, hall: Hall, chromium: Browser
) -> None:
    await take_ticket(place, phones, chromium)
    lobby = Lobby(hall)
    await lobby.open(place.counter)
    await lobby.next(place.counter)
    await lobby.press("transfer", place.counter, "marriage")
    await chromium.find("#queue p", "已为您转到：结婚登记")
    await chromium.find("#queue .go", "下一位就是您")


async def test_a_finished_visit_keeps_its_number_after_a_reload(
    place: Place, phones: Phones, hall: Hall, chromium: Browser
) -> None:
    await take_ticket(place, phones, chromium)
    await hall.database.pool.execute("UPDATE booking SET state = 'done'")
    await chromium.run("location.reload()")
    await chromium.type("#app", WECHAT)
    await chromium.type("#code", phones.code("wang"))
    await chromium.click("dialog button.main")
    await chromium.find("#queue[data-state=done] .go", "已办结")
    assert await chromium.text("#queue .number") == "B001"


async def test_who_scans_elsewhere_or_a_forged_code_is_told_so(place: Place, phones: Phones, chromium: Browser) -> None:
    read = place.sticker.rsplit("/", 1)[1]
    opened = f"{place.gateway}/appointments#app={WECHAT}&code="
    await chromium.stand(place.latitude + 0.1, place.longitude)
    await chromium.open(f"{opened}{phones.code('wang')}&scan={read}")
    await chromium.click(".service", "补领证件")
    await chromium.find(".failure", "离这个大厅太远")
    await chromium.stand(place.latitude, place.longitude)  # they come nearer
    await chromium.click(".service", "补领证件")
    await chromium.find("#queue .number", "B001")
    await chromium.open("about:blank")
    forged = read[:-1] + ("A" if read[-1] != "A" else "B")
    await chromium.open(f"{opened}{phones.code('wang')}&scan={forged}")
    await chromium.find(".failure", "不是本市的二维码")


@pytest.mark.usefixtures("looking_often")
async def test_who_is_signed_out_elsewhere_signs_in_and_goes_on_waiting(
    place: Place, phones: Phones, hall: Hall, chromium: Browser
) -> None:
    await take_ticket(place, phones, chromium)
    await end_sessions(hall)
    await sign_in_again(chromium, phones.code("wang"))
    await chromium.find("#queue .number", "B001")
    lobby = Lobby(hall)
    await lobby.open(place.counter)
    await lobby.next(place.counter)
    await chromium.find("#queue[data-state=called] .go", "请到")


@pytest.mark.usefixtures("looking_often")
async def test_so_does_who_comes_along(city: City, place: Place, phones: Phones, hall: Hall, chromium: Browser) -> None:
    await hall.load({"services": [{**_SOON, "people": 2, "level": "L1"}]})
    who, other = [await sign_in(city, phones, each) for each in ("wang", "li")]
    await agree(other, "real-name")
    await other.data(PROVE, **phones.person("li"))
    now = SystemClock().now()
    soon = now.replace(minute=now.minute // 5 * 5, second=0, microsecond=0) + timedelta(minutes=10)
    held = await who.data(HOLD, at=soon.isoformat(), people=2)
    booked = (await who.data(TOGETHER, hold=held["hold"], other=phones.person("li")["idNumber"]))["id"]
    await who.data(CHECK_IN, place=place.sticker, id=booked, **THERE)
    await chromium.open(opened(place.gateway, phones, "li"))
    await chromium.click("[data-along] button", "看排队")
    await chromium.find("#queue .number", "A001")
    await end_sessions(hall)
    await sign_in_again(chromium, phones.code("li"))
    await chromium.find("#queue .number", "A001")


async def test_a_line_that_stands_as_it_stood_is_not_read_out_again(
    place: Place, phones: Phones, hall: Hall, chromium: Browser
) -> None:
    """After a lost link the page is told anew: an estimate has fallen by seconds, which are shown as minutes."""
    lobby = Lobby(hall)
    await lobby.open(place.counter)
    await lobby.take(service="reissue")
    await lobby.next(place.counter)
    await lobby.press("serve", place.counter)
    await take_ticket(place, phones, chromium, "B002")
    await chromium.run(_LINKS)
    await chromium.click("#language")
    await chromium.click("button", "Leave the line")
    await chromium.run(_OBSERVE)
    await chromium.run("links[0].abort()")
    while await chromium.run("return links.length") < 2:
        pass
    await lobby.press("finish", place.counter)
    await chromium.find("button.grave", "Yes, leave it")  # still asked
    await lobby.next(place.counter)
    await chromium.find("#queue[data-state=called]")
    spoken = await chromium.run("return window.spoken")
    assert [each for each, before in itertools.pairwise(spoken) if each == before] == []
