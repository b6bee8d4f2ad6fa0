"""What opens an entry is called; the entry says when it does not work, its staff are told, and it comes back."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwt

from auth.keys.key_ring import load
from kernel.crypto.keys import open_keys
from services_catalog.lifecycle.errors import NotAllowedError
from services_catalog.lifecycle.history import events_of
from services_catalog.lifecycle.notices import Wanted, notify
from services_catalog.lifecycle.publication import resume, suspend
from services_catalog.lifecycle.tables import Entry
from services_catalog.probes.answers import ProbeSeen
from services_catalog.probes.tasks import KEPT, forget
from services_catalog.probes.viewing import conformity, notices_for, probes_of
from tests.catalogue.conftest import EDITOR, ELSEWHERE, REVIEWER
from tests.probes.conftest import Offices, Probed
from tests.services_catalog.entries.samples import CASE, CASE_CODE, IMPLEMENTATION, IMPLEMENTATION_CODE
from worker.probing import probe

MINUTE = 60


async def _probe(city: Probed) -> ProbeSeen:
    async with city.database.session() as session:
        return (await probes_of(session, city.clock, EDITOR, IMPLEMENTATION_CODE)).probes[0]


async def test_what_works_is_called_once_an_interval_with_the_departments_own_headers(city: Probed) -> None:
    await city.rounds(4 * MINUTE)
    assert 4 <= len(city.offices.seen) <= 8
    assert {(each["x-key"], "yiwang-identity" in each) for each in city.offices.seen} == {("hush", False)}
    seen = await _probe(city)
    assert (seen.down, seen.failure, seen.found) == (False, "", [])
    assert (await city.entry()).state == "published"
    assert await city.told() == []


async def test_a_killed_department_degrades_its_entries_within_an_interval_and_comes_back_by_itself(
    city: Probed,
) -> None:
    await city.bring_out(CASE)  # opened by what it inherits
    await city.rounds(MINUTE)
    await city.offices.kill()
    killed_at = city.clock.now()
    await city.rounds(MINUTE)
    for code in (IMPLEMENTATION_CODE, CASE_CODE):
        shown = (await city.shown())[code]
        assert shown.state == "degraded"
        assert killed_at < shown.since <= killed_at + timedelta(seconds=MINUTE)
        assert shown.because == "query marriage.offices does not work"
        assert shown.channels  # what else there is
    await city.offices.start()
    await city.rounds(MINUTE)
    assert {each.state for each in (await city.shown()).values()} == {"published"}
    told = await city.told()
    assert [kind for kind, _ in told] == ["degraded", "degraded", "recovered", "recovered"]
    assert f"127.0.0.1:{city.offices.port} cannot be reached" in told[0][1]
    async with city.database.session() as session:
        steps = [(each.event, each.actor) for each in await events_of(session, IMPLEMENTATION_CODE)]
    assert steps[-2:] == [("degrade", "platform:catalogue"), ("recover", "platform:catalogue")]


@pytest.mark.parametrize(
    ("answer", "status", "because"),
    [
        ([{}], 200, "[].free is missing"),
        ([{"free": "three"}], 200, "[].free is a string, not BigInt"),
        ([{"free": 1}], 503, "answered 503 Service Unavailable"),
        ([{"free": 1}], 202, "answered 202, documented are 200"),
    ],
)
async def test_an_answer_that_is_not_as_documented_degrades(
    city: Probed, answer: Any, status: int, because: str
) -> None:
    city.offices.answer, city.offices.status = answer, status
    await city.rounds(MINUTE)
    assert (await city.entry()).because == "query marriage.offices does not work"
    assert await city.told() == [("degraded", f"query marriage.offices: {because}")]


async def test_properties_beyond_the_document_are_counted_and_hurt_nobody(city: Probed) -> None:
    city.offices.answer = [{"free": 1, "colour": "red"}, {"free": 1, "colour": "blue"}]
    await city.rounds(MINUTE)
    assert (await city.entry()).state == "published"
    seen = await _probe(city)
    assert [(each["kind"], each["where"], each["count"]) for each in seen.found] == [("extra", "[].colour", 2)]
    async with city.database.session() as session:
        (score,) = await conformity(session, city.clock)
    assert (score.score, score.extra) == (100.0, score.checks)


async def test_one_hiccup_is_no_outage_and_one_good_answer_no_recovery(city: Probed) -> None:
    await city.rounds(MINUTE)
    seen = len(city.offices.seen)
    city.offices.status = 500
    while len(city.offices.seen) == seen:
        await city.rounds(3)
    city.offices.status = 200
    await city.rounds(MINUTE)
    assert await city.told() == []
    city.offices.status = 500
    await city.rounds(MINUTE)
    assert (await city.entry()).state == "degraded"
    seen = len(city.offices.seen)
    city.offices.status = 200
    while len(city.offices.seen) == seen:
        await city.rounds(3)
    city.offices.status = 500
    await city.rounds(2 * MINUTE)
    assert [kind for kind, _ in await city.told()] == ["degraded"]


async def test_an_answer_that_comes_too_late_is_slow(city: Probed) -> None:
    slow = [{"operation": "query marriage.offices", "safe": True, "slow_after_ms": 50}]
    await city.bring_out(IMPLEMENTATION, binding={"operations": slow})
    city.offices.seconds = 0.075
    await city.rounds(MINUTE)
    assert "query marriage.offices: took " in (await city.told())[0][1]
    city.offices.seconds = 5  # given up after twice the time
    await city.rounds(15)
    assert (await _probe(city)).failure.endswith("gave no whole answer within 0.1 s. Make it answer sooner.")


async def test_a_redirect_is_followed_as_the_gateway_does(city: Probed) -> None:
    city.offices.location = "/elsewhere"
    await city.rounds(9)
    assert (await _probe(city)).down is False


async def test_who_asks_is_said_where_the_operation_is_not_public(city: Probed) -> None:
    await city.publish_service(access="L2")
    await city.rounds(9)
    async with city.database.session() as session:
        ring = await load(session, open_keys(city.settings).cipher, city.clock)
    said = city.offices.seen[-1]["yiwang-identity"]
    kid = jwt.decode(said, lambda token: ring.verifier(token.headers()["kid"], city.clock.now()).key)  # type: ignore[union-attr]  # it is there
    assert kid.header["typ"] == "yiwang-identity+jwt"
    claims = {name: kid.claims[name] for name in ("sub", "aud", "acr")}
    assert claims == {"sub": "platform:probe", "aud": "service:marriage", "acr": "L2"}


async def test_a_probe_that_cannot_be_made_says_so_and_decides_nothing(city: Probed) -> None:
    wrong = [{"operation": "query marriage.offices", "safe": True, "probe": {"colour": "red"}}]
    await city.bring_out(IMPLEMENTATION, binding={"operations": wrong})
    await city.rounds(MINUTE)
    seen = await _probe(city)
    assert (seen.down, seen.failure) == (None, "not called: `probe` names what is no argument: colour")
    assert city.offices.seen == []


async def test_a_new_version_of_a_degraded_entry_is_degraded_too_until_its_binding_is_mended(city: Probed) -> None:
    city.offices.status = 500
    await city.rounds(MINUTE)
    await city.bring_out(IMPLEMENTATION, contact={"phone": "12345"})
    assert (await city.entry()).state == "published"
    await city.rounds(3)
    assert (await city.entry()).state == "degraded"
    await city.bring_out(IMPLEMENTATION, binding={"page": "https://marriage.example.gov.cn/book"})
    await city.rounds(3)
    assert (await city.entry()).state == "published"


async def test_what_is_suspended_is_left_alone_and_looked_at_again_when_it_is_back(city: Probed) -> None:
    city.offices.status = 500
    await city.rounds(MINUTE)
    async with city.database.session() as session:
        await suspend(session, city.clock, REVIEWER, IMPLEMENTATION_CODE, "a leak")
    await city.rounds(3)
    seen = len(city.offices.seen)
    await city.rounds(2 * MINUTE)
    assert len(city.offices.seen) == seen
    async with city.database.session() as session:
        await resume(session, city.clock, REVIEWER, IMPLEMENTATION_CODE)
    await city.rounds(MINUTE)
    assert (await city.entry()).state == "degraded"


async def test_a_service_that_is_taken_out_of_the_graph_opens_nothing_any_more(city: Probed) -> None:
    await city.database.pool.execute("UPDATE service SET live_version = NULL")
    await city.rounds(MINUTE)
    assert (await city.told())[0][1].endswith("the graph has no query marriage.offices any more")


async def test_two_workers_call_each_operation_once(city: Probed) -> None:

    await asyncio.gather(*(probe(city.context) for _ in range(4)))
    assert len(city.offices.seen) == 1


async def test_many_entries_that_are_opened_by_the_same_call_share_it(city: Probed) -> None:
    for number in range(3):
        code = f"{IMPLEMENTATION['code'][:-1]}{number + 1}"
        await city.bring_out({**IMPLEMENTATION, "code": code})
    await city.rounds(3)
    assert len(city.offices.seen) == 1
    await city.offices.kill()
    await city.rounds(MINUTE)
    states = [each.state for each in (await city.shown()).values() if each.level == "implementation"]
    assert states == ["degraded"] * 4


async def test_the_score_is_the_share_of_checks_that_passed(city: Probed) -> None:
    await city.rounds(3 * MINUTE)
    city.offices.answer = [{"free": None}]
    await city.rounds(3 * MINUTE)
    async with city.database.session() as session:
        (score,) = await conformity(session, city.clock)
    assert score.department == "city"
    assert score.checks == len(city.offices.seen) == score.passed + score.missing
    assert score.score == round(100 * score.passed / score.checks, 1)
    city.clock.advance(timedelta(days=31))
    async with city.database.session() as session:
        (score,) = await conformity(session, city.clock)
    assert (score.score, score.checks) == (None, 0)


async def test_notices_are_read_from_either_end(city: Probed) -> None:
    async with city.database.session() as session:
        entry = await session.get_one(Entry, IMPLEMENTATION_CODE)
        for text in "abc":
            await notify(session, city.clock, entry, "degraded", text)
            await session.flush()

        async def read(wanted: Wanted) -> tuple[str, int]:
            told = await notices_for(session, city.clock, EDITOR, wanted)
            return "".join(each.text for each in told.notices), told.next

        (oldest, last), (newest, first) = await read(Wanted()), await read(Wanted(newest=True))
        assert (oldest, newest) == ("abc", "cba")
        assert (await read(Wanted(first)), await read(Wanted(last, newest=True))) == (("bc", last), ("ba", first))


async def test_staff_elsewhere_are_told_nothing(city: Probed) -> None:

    await city.offices.kill()
    await city.rounds(MINUTE)
    async with city.database.session() as session:
        assert (await notices_for(session, city.clock, ELSEWHERE, Wanted())).notices == ()
        with pytest.raises(NotAllowedError):
            await probes_of(session, city.clock, ELSEWHERE, IMPLEMENTATION_CODE)
    assert await city.told()


async def test_what_is_long_ago_is_forgotten(city: Probed) -> None:
    await city.offices.kill()
    await city.rounds(MINUTE)
    city.clock.advance(KEPT - timedelta(days=1))
    await forget(city.context)
    assert await city.told() != []
    city.clock.advance(timedelta(days=2))
    await forget(city.context)
    assert await city.told() == []
    assert await city.database.pool.fetchval("SELECT count(*) FROM probe_day") == 0


async def test_another_host_is_sent_no_credential_by_a_redirect(city: Probed) -> None:
    other = Offices()
    await other.start()
    try:
        await city.publish_service(access="L2")
        city.offices.location = f"http://127.0.0.1:{other.port}/elsewhere"
        await city.rounds(9)
        assert {"x-key", "yiwang-identity"} <= city.offices.seen[-1].keys()
        assert other.seen
        assert not {"x-key", "yiwang-identity"} & other.seen[-1].keys()
    finally:
        await other.kill()


@pytest.mark.parametrize("location", ["http://[x", "ftp://127.0.0.1/", "http://10.0.0.1/"])
async def test_a_redirect_that_leads_nowhere_is_a_failure(city: Probed, location: str) -> None:
    city.offices.location = location
    await city.rounds(MINUTE)
    assert (await city.entry()).state == "degraded"


async def test_whatever_a_department_answers_is_recorded(city: Probed) -> None:
    city.offices.answer = [{"free": 1, "a\x00b" + "x" * 10_000: 1}, {f"made-up-{each}": 1 for each in range(5_000)}]
    await city.rounds(MINUTE)
    seen = await _probe(city)
    assert seen.because == "[].free is missing"
    assert [each["where"] for each in seen.found][:2] == ["[].free", "[].a?b" + "x" * 97 + "…"]


async def test_each_entry_says_itself_when_an_answer_is_too_slow(city: Probed) -> None:
    slow = [{"operation": "query marriage.offices", "safe": True, "slow_after_ms": 50}]
    other = f"{IMPLEMENTATION_CODE[:-1]}1"
    await city.bring_out({**IMPLEMENTATION, "code": other}, binding={"operations": slow})
    city.offices.seconds = 0.08
    await city.rounds(MINUTE)
    shown = await city.shown()
    assert (shown[other].state, shown[IMPLEMENTATION_CODE].state) == ("degraded", "published")


async def test_what_does_not_hold_any_more_is_not_called(city: Probed) -> None:
    await city.rounds(MINUTE)
    await city.bring_out(IMPLEMENTATION, withdraw_on="2026-05-05")
    await city.rounds(MINUTE)
    city.clock.advance(timedelta(days=1))
    seen = len(city.offices.seen)
    await city.offices.kill()
    await city.rounds(2 * MINUTE)
    assert len(city.offices.seen) == seen
    assert await city.told() == []


async def test_a_service_with_many_probes_is_called_a_few_at_a_time(city: Probed) -> None:
    many = [{"operation": "query marriage.offices", "safe": True, "slow_after_ms": 1_000 + each} for each in range(20)]
    await city.bring_out(IMPLEMENTATION, binding={"operations": many})
    await asyncio.gather(*(probe(city.context) for _ in range(3)))
    assert city.offices.most_at_once <= 6  # two of each round at the most
    await city.rounds(MINUTE)
    assert (await city.entry()).state == "published"
    async with city.database.session() as session:
        found = (await probes_of(session, city.clock, EDITOR, IMPLEMENTATION_CODE)).probes
    assert [each.down for each in found] == [False] * 20


async def test_nobody_has_others_called(city: Probed) -> None:
    await city.database.pool.execute("UPDATE department SET organisation = 'west-civil-affairs'")
    await city.draft(IMPLEMENTATION, contact={"phone": "12345"})
    version = await city.submit(IMPLEMENTATION_CODE)
    assert [each["rule"] for each in version.findings] == ["E28-own"]
    joint = ["west-civil-affairs"]
    await city.draft(IMPLEMENTATION, contact={"phone": "12345"}, joint_organisations=joint)
    assert (await city.submit(IMPLEMENTATION_CODE)).findings == []
