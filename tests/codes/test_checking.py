"""Codes that residents show: issued, checked online once, reported from offline sites, revoked."""

import asyncio
from copy import copy
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from auth.accounts.accounts import freeze
from auth.accounts.merging import merge
from auth.errors import AssuranceTooLowError
from flows.codes import base45, issuing, opaque_codes, single_use
from flows.codes.checking import Checked
from flows.codes.distance import Position
from flows.codes.errors import CodePurposeUnknownError, CodesUnavailableError
from flows.codes.issuing import Wanted
from flows.codes.offline import Use
from flows.codes.tables import CodeVerifier
from flows.codes.tasks import forget
from kernel.celery import TaskContext
from kernel.redis import open_redis
from kernel.settings import Settings
from tests.codes.issued import CODE_ID, NOW
from tests.codes.office import Office

PEOPLE_SQUARE: dict[str, Any] = {"latitude": 31.2304, "longitude": 121.4737}
AIRPORT: dict[str, Any] = {"latitude": 31.1443, "longitude": 121.8083}  # 33 km away


@pytest.mark.parametrize("signed", [0, 1])
async def test_a_code_counts_once_and_its_holder_sees_where(office: Office, signed: int) -> None:
    resident, gate, other = await office.resident(), await office.gate(), await office.gate("Gate 2")
    text = await office.code(resident, signed)
    first = await office.check(gate, text)
    assert (first.result, first.purpose, first.claims) == ("ok", "parking", {})
    again = await office.check(other, text)
    assert (again.result, again.subject) == ("replay", "")
    assert again.first_use is not None
    assert (again.first_use.verifier, again.first_use.name_en, again.first_use.at) == (gate.id, "Gate 1", NOW)
    uses = await office.rows("SELECT account_id, verifier_id, result FROM code_use ORDER BY id")
    assert uses == [
        {"account_id": resident, "verifier_id": gate.id, "result": "ok"},
        {"account_id": resident, "verifier_id": other.id, "result": "replay"},
    ]


@pytest.mark.case("QR-06")
@pytest.mark.parametrize("signed", [0, 1])
async def test_the_same_request_again_at_once_is_the_same_use(office: Office, signed: int) -> None:
    resident, gate, other = await office.resident(), await office.gate(), await office.gate("Gate 2")
    text = await office.code(resident, signed)
    first = await office.check(gate, text, "same")
    office.clock.advance(timedelta(seconds=5))
    assert (first.result, (await office.check(gate, text, "same")).result) == ("ok", "ok")
    elsewhere = await office.check(other, text, "same")
    assert (elsewhere.result, elsewhere.first_use and elsewhere.first_use.name_en) == ("replay", "Gate 1")
    assert (await office.check(gate, text, "another")).result == "replay"
    office.clock.advance(timedelta(seconds=1))
    assert (await office.check(gate, text, "same")).result == "replay"
    assert await office.rows("SELECT count(*) FROM code_use WHERE result = 'ok'") == [{"count": 1}]


@pytest.mark.case("QR-05")
async def test_of_five_hundred_uses_of_one_code_at_one_moment_redis_lets_one_count(office: Office) -> None:
    gates = [str(UUID(int=n)) for n in range(500)]
    uses = [single_use.first_use(office.desk.redis, CODE_ID, Use(gate, "r", NOW)) for gate in gates]
    found = await asyncio.gather(*uses)
    assert found.count(None) == 1
    winner = gates[found.index(None)]
    assert {each.verifier for each in found if each is not None} == {winner}


@pytest.mark.case("QR-05")
@pytest.mark.parametrize("signed", [0, 1])
async def test_of_five_hundred_who_show_one_code_one_gets_in(office: Office, signed: int) -> None:
    text, gates = await office.code(await office.resident(), signed), [await office.gate(f"Gate {n}") for n in range(5)]
    at_once = asyncio.Semaphore(50)  # six times the connections; more would wait in line until a busy machine gives up

    async def shown_at(gate: CodeVerifier) -> Checked:
        async with at_once:
            return await office.check(gate, text)

    asked = gates * 100
    found = await asyncio.gather(*map(shown_at, asked))
    assert sorted(each.result for each in found) == ["ok"] + ["replay"] * 499
    winner = next(gate.id for gate, each in zip(asked, found, strict=True) if each.result == "ok")
    assert {each.first_use.verifier for each in found if each.first_use is not None} == {winner}
    recorded = await office.rows("SELECT verifier_id FROM code_use WHERE result = 'ok'")
    assert recorded == [{"verifier_id": winner}]
    assert await office.rows("SELECT count(*) FROM code_use WHERE result = 'replay'") == [{"count": 499}]
    assert await office.alarms() == []


async def test_an_opaque_code_counts_once_though_its_use_was_lost_in_a_failover(
    office: Office, settings: Settings
) -> None:
    gates = [await office.gate(f"Gate {n}") for n in range(2)]
    used, raced = await office.code(await office.resident()), await office.code(await office.resident())
    assert (await office.check(gates[0], used, "a")).result == "ok"
    async with open_redis(replace(settings, redis_url=f"{settings.redis_url}?db=1")) as replica:
        for name in [each async for each in office.desk.redis.scan_iter("*:meaning")]:
            await office.desk.redis.copy(name, name, destination_db="1")
        elsewhere = copy(office)
        elsewhere.desk = replace(office.desk, redis=replica)
        assert (await elsewhere.check(gates[0], used, "a")).result == "ok"  # its answer was lost
        again = await elsewhere.check(gates[1], used)
        assert (again.result, again.first_use and again.first_use.verifier) == ("replay", gates[0].id)
        both = await asyncio.gather(
            *(each.check(gate, raced) for each, gate in zip((office, elsewhere), gates, strict=True))
        )
        assert sorted(each.result for each in both) == ["ok", "replay"]
    assert await office.rows("SELECT count(*) FROM code_use WHERE result = 'ok'") == [{"count": 2}]


async def test_two_groups_know_a_resident_by_two_names(office: Office) -> None:
    resident = await office.resident()
    groups = ("check_in", "check_in", "hospital")
    gates = [await office.gate(purposes=["check_in"], verifier_group=group) for group in groups]
    one, two, three = [
        (await office.check(gate, await office.code(resident, purpose="check_in"))).subject for gate in gates
    ]
    assert one == two != three
    assert len(one) == 32


async def test_a_signed_code_is_for_one_group(office: Office) -> None:
    """Whoever reads it has read that group's name for the holder."""
    resident = await office.resident()
    desk, hospital = [
        await office.gate(purposes=["check_in"], verifier_group=group) for group in ("check_in", "hospital")
    ]
    for group, good, other in (("check_in", desk, hospital), ("hospital", hospital, desk)):
        text = await office.code(resident, 1, purpose="check_in", group=group)
        refused = await office.check(other, text)
        assert (refused.result, refused.subject, refused.claims) == ("wrong_purpose", "", {})
        assert (await office.check(good, text)).result == "ok"


async def test_a_code_is_for_a_group_that_there_is(office: Office) -> None:
    resident, hospital = await office.resident(), await office.gate(purposes=["check_in"], verifier_group="hospital")
    checked = await office.check(hospital, await office.code(resident, purpose="check_in", group="hospital"))
    assert checked.result == "ok"
    invented: list[dict[str, Any]] = [{"group": "invented"}, {"group": "hospital"}]
    for wanted in invented:
        with pytest.raises(CodePurposeUnknownError, match="No verifiers of a group"):
            await office.code(resident, **wanted)
    assert await office.rows("SELECT sector FROM pairwise_subject") == [{"sector": "codes:hospital"}]


async def test_a_verifier_is_told_what_it_is_licensed_for(office: Office) -> None:
    resident = await office.resident()
    window = await office.gate(purposes=["check_in"], claims=["level", "masked_name"])
    checked = await office.check(window, await office.code(resident, purpose="check_in"))
    assert checked.claims == {"level": "L1", "masked_name": None}  # nobody has proven who they are
    assert await office.rows("SELECT claims FROM code_use") == [{"claims": ["level", "masked_name"]}]
    for signed in (0, 1):
        refused = await office.check(window, await office.code(resident, signed))
        assert (refused.result, refused.claims, refused.subject) == ("wrong_purpose", {}, "")


@pytest.mark.case("QR-04")
@pytest.mark.parametrize(
    ("signed", "after", "result"),
    [(0, 60, "ok"), (0, 61, "expired"), (1, 80, "ok"), (1, 81, "expired")],
)
async def test_a_code_has_its_time(office: Office, signed: int, after: int, result: str) -> None:
    resident, gate = await office.resident(), await office.gate()
    text = await office.code(resident, signed)
    office.clock.advance(timedelta(seconds=after))
    assert (await office.check(gate, text)).result == result


@pytest.mark.parametrize("text", ["", "S:", "SC1:", "S:000", "https://example", "S:" + "0" * 24, "SC1:" + "0" * 170])
async def test_what_is_no_code_is_refused(office: Office, text: str) -> None:
    assert (await office.check(await office.gate(), text)).result in {"not_a_code", "malformed", "unknown"}
    assert await office.rows("SELECT * FROM code_use") == []


@pytest.mark.case("QR-07")
@pytest.mark.parametrize("signed", [0, 1])
async def test_a_lost_phones_codes_are_worth_nothing_at_once(office: Office, signed: int) -> None:
    resident, gate = await office.resident(), await office.gate()
    lost = await office.code(resident, signed)
    office.clock.advance(timedelta(seconds=1))
    assert await office.revoke_all(resident) == 1
    assert (await office.check(gate, lost)).result == "revoked"
    office.clock.advance(timedelta(seconds=1))
    assert (await office.check(gate, await office.code(resident, signed))).result == "ok"


@pytest.mark.parametrize("signed", [0, 1])
async def test_whoever_was_two_accounts_gives_up_the_codes_of_both(office: Office, signed: int) -> None:
    one, other, gate = await office.resident(), await office.resident("li"), await office.gate()
    texts = [await office.code(each, signed) for each in (one, other)]
    async with office.database.session() as session:
        kept = (await merge(session, office.clock, one, other, "same-proof")).kept_id
    assert await office.revoke_all(kept) == 2
    assert [(await office.check(gate, each)).result for each in texts] == ["revoked"] * 2


async def test_a_frozen_accounts_codes_are_revoked(office: Office) -> None:
    resident, gate = await office.resident(), await office.gate()
    text = await office.code(resident, 1)
    async with office.database.session() as session:
        await freeze(session, office.clock, resident)
    assert (await office.check(gate, text)).result == "revoked"


@pytest.mark.case("QR-09")
async def test_two_offline_sites_that_took_one_code_are_found(office: Office) -> None:
    resident, gates = await office.resident(), [await office.gate(f"Gate {n}") for n in range(3)]
    text, at = await office.code(resident, 1), NOW + timedelta(seconds=10)
    office.clock.advance(timedelta(hours=5))
    assert await office.report(gates[0], (text, "a", at)) == ["recorded"]
    assert await office.rows("SELECT * FROM code_double_use") == []
    assert await office.report(gates[0], (text, "a", at)) == ["known"]
    both = await asyncio.gather(*(office.report(gate, (text, "b", at)) for gate in gates[1:]))
    assert both == [["recorded"], ["recorded"]]
    assert len(await office.rows("SELECT * FROM code_double_use")) == 1
    shown = await office.rows("SELECT account_id, offline FROM code_use")
    assert shown == [{"account_id": resident, "offline": True}] * 3
    (alarm,) = await office.alarms()
    assert (alarm.kind, alarm.account_id, alarm.first.name_en, alarm.metres) == ("double use", resident, "Gate 0", None)
    assert (alarm.first.at, alarm.second.at) == (at, at)


async def test_an_online_use_before_an_offline_one_is_found_too(office: Office) -> None:
    resident, gate, site = await office.resident(), await office.gate(), await office.gate("Site")
    text = await office.code(resident, 1)
    assert (await office.check(gate, text)).result == "ok"
    assert await office.report(site, (text, "a", NOW)) == ["recorded"]
    assert len(await office.rows("SELECT * FROM code_double_use")) == 1


@pytest.mark.parametrize("offline", [False, True])
async def test_a_recorded_use_counts_whatever_redis_has_forgotten(office: Office, *, offline: bool) -> None:
    resident, gate, other = await office.resident(), await office.gate(), await office.gate("Gate 2")
    text = await office.code(resident, 1)
    if offline:
        assert await office.report(gate, (text, "a", NOW)) == ["recorded"]
    else:
        assert (await office.check(gate, text, "a")).result == "ok"
    await office.desk.redis.flushdb()
    assert (await office.check(gate, text, "a")).result == "ok"  # its answer was lost
    await office.desk.redis.flushdb()
    for verifier in (other, gate):
        again = await office.check(verifier, text, "b")
        assert (again.result, again.first_use and again.first_use.name_en) == ("replay", "Gate 1")
    assert await office.rows("SELECT * FROM code_double_use") == []


async def test_what_is_reported_is_held_to_the_same_rules(office: Office) -> None:
    resident, site = await office.resident(), await office.gate()
    text, other = await office.code(resident, 1), await office.code(resident, 1, purpose="check_in")
    outcomes = await office.report(
        site,
        (text, "late", NOW + timedelta(seconds=81)),
        (text, "early", NOW - timedelta(seconds=21)),
        (other, "other", NOW),
        (text[:151] + other[151:], "bent", NOW),
        (text, "good", NOW),
    )
    assert outcomes == ["expired", "too_early", "wrong_purpose", "bad_signature", "recorded"]
    office.clock.advance(timedelta(days=7, seconds=1))
    assert await office.report(site, (text, "too late", NOW)) == ["expired"]
    ahead = (await office.issue(resident, 2))[1]
    assert await office.report(site, (ahead.text, "future", ahead.valid_from)) == ["too_early"]


async def test_a_batch_is_for_ten_minutes_one_code_after_the_other(office: Office) -> None:
    resident, gate = await office.resident(), await office.gate()
    batch = await office.issue(resident, 50)
    assert [each.valid_from - NOW for each in batch] == [timedelta(minutes=n) for n in range(10)]
    assert len({each.text for each in batch}) == 10
    assert (await office.check(gate, batch[3].text)).result == "too_early"
    office.clock.advance(timedelta(minutes=3))
    results = [(await office.check(gate, each.text)).result for each in batch[1:5]]
    assert results == ["expired", "ok", "ok", "too_early"]  # the skew lets the one before in for 20 seconds more


async def test_a_purpose_has_a_least_level(office: Office) -> None:
    resident = await office.resident()
    async with office.database.session() as session:
        with pytest.raises(AssuranceTooLowError, match="L3"):
            await issuing.issue(session, office.desk, resident, "L2", Wanted("identity"))
        with pytest.raises(CodePurposeUnknownError, match="lists"):
            await issuing.issue(session, office.desk, resident, "L4", Wanted("lists"))


@pytest.mark.parametrize("signed", [0, 1])
async def test_without_redis_nobody_is_let_in(office: Office, signed: int) -> None:
    resident, gate = await office.resident(), await office.gate()
    text = await office.code(resident, signed)
    office.without_redis()
    with pytest.raises(CodesUnavailableError) as caught:
        await office.check(gate, text)
    assert caught.value.retryable
    assert await office.rows("SELECT * FROM code_use") == []
    with pytest.raises(CodesUnavailableError):
        await office.issue(resident)
    assert await office.issue(resident, 1)  # which a gate judges by itself


@pytest.mark.case("QR-10")
async def test_an_opaque_code_says_nothing_and_none_comes_twice(office: Office) -> None:
    texts = {opaque_codes.new_text() for _ in range(1_000_000)}
    assert len(texts) == 1_000_000
    assert {len(each) for each in texts} == {26}
    ones = sum(base45.decode(each[2:])[n].bit_count() for each in [*texts][:20_000] for n in (0, 7, 15))
    assert abs(ones / (20_000 * 3 * 8) - 0.5) < 0.005  # 7 standard deviations: no byte counts or tells the time
    resident = await office.resident()
    text = await office.code(resident)
    kept = [name.decode() async for name in office.desk.redis.scan_iter("*pass_code*")]
    assert len(kept) == 1
    assert base45.decode(text[2:]).hex() not in kept[0]


@pytest.mark.parametrize(("after", "alarms"), [(60, 1), (1800, 0)])
async def test_impossible_travel_is_an_alarm(office: Office, after: int, alarms: int) -> None:
    resident = await office.resident()
    near, far = await office.gate(**PEOPLE_SQUARE), await office.gate("Airport", **AIRPORT)
    await office.check(near, await office.code(resident))
    office.clock.advance(timedelta(seconds=after))
    await office.check(far, await office.code(resident))
    found = await office.rows("SELECT metres, seconds FROM code_travel")
    assert len(found) == alarms
    assert all(32_000 < each["metres"] < 34_000 and each["seconds"] == 60 for each in found)
    assert [(each.kind, each.first.name_en, each.second.name_en) for each in await office.alarms()] == [
        ("travel", "Gate 1", "Airport")
    ] * alarms


async def test_a_code_is_refused_far_from_its_phone(office: Office) -> None:
    resident = await office.resident()
    near, far, anywhere = await office.gate(**PEOPLE_SQUARE), await office.gate(**AIRPORT), await office.gate()
    phone = Position(PEOPLE_SQUARE["latitude"] + 299 / 111_195, PEOPLE_SQUARE["longitude"])
    relayed = await office.code(resident, where=phone)
    refused = await office.check(far, relayed)
    assert (refused.result, refused.subject, refused.claims, refused.first_use) == ("too_far", "", {}, None)
    assert "300 m" in refused.message
    assert await office.rows("SELECT result FROM code_use") == [{"result": "too_far"}]  # which its holder sees
    assert (await office.check(near, relayed)).result == "ok"  # what was refused is not used
    assert (await office.check(anywhere, await office.code(resident, where=phone))).result == "ok"
    assert (await office.check(far, await office.code(resident))).result == "ok"  # a phone that does not say
    assert (await office.check(far, await office.code(resident, 1, where=phone))).result == "ok"  # for a basement
    a_step_further = Position(phone.latitude + 2 / 111_195, phone.longitude)
    assert (await office.check(near, await office.code(resident, where=a_step_further))).result == "too_far"


async def test_uses_are_forgotten_after_a_quarter(office: Office, context: TaskContext) -> None:
    resident, gate = await office.resident(), await office.gate()
    await office.check(gate, await office.code(resident))
    await office.revoke_all(resident)
    office.clock.advance(timedelta(days=90))
    await forget(context)
    assert await office.rows("SELECT count(*) FROM code_use") == [{"count": 1}]
    office.clock.advance(timedelta(seconds=1))
    await forget(context)
    assert await office.rows("SELECT count(*) FROM code_use") == [{"count": 0}]
    assert await office.rows("SELECT count(*) FROM code_revocation") == [{"count": 1}]  # lists are numbered by it
