"""The keys of codes: three of each purpose, rotated ahead of need, and replaced within minutes of a compromise."""

from datetime import timedelta

import pytest

from flows.codes import key_sets, keys, pass_codes, revocations, revoking
from flows.codes.errors import PassCodeRefusedError, SignedListRefusedError
from flows.codes.key_sets import LISTS
from flows.codes.offline import ClockState, Held, judge
from flows.codes.purposes import PURPOSES
from flows.codes.refusals import Refusal
from flows.codes.tasks import rotate_keys
from kernel.celery import TaskContext
from tests.codes.issued import NOW
from tests.codes.office import Office


async def fetched(office: Office, trusted: key_sets.KeySet | None = None) -> Held:
    """What a gate holds after it has fetched both lists."""
    desk = office.desk
    signer = desk.keys().signer(LISTS, office.clock.now())
    known = trusted or key_sets.trusting(signer.kid, signer.private.public_key().public_bytes_raw())
    listed = key_sets.signed(desk.keys().published, office.clock.now(), signer.private, signer.kid)
    held = key_sets.read(listed, known, office.clock.now())
    async with office.database.session() as session:
        revoked = await revoking.current_list(session, office.clock)
    made = revocations.signed(revoked, signer.private, signer.kid)
    return Held(held, revocations.read(made, held, office.clock.now()), ClockState(timedelta(0), office.clock.now()))


def judged(office: Office, held: Held, text: str) -> Refusal | None:
    try:
        judge(text, held, "parking", office.clock.now(), risk="any")
    except PassCodeRefusedError as error:
        return error.reason
    return None


async def change(office: Office, *, compromised: bool = False, purpose: str = "parking") -> None:
    async with office.database.session() as session:
        work = keys.replace_compromised if compromised else keys.rotate
        await work(session, office.cipher, office.clock, purpose)
    await office.reload()


async def test_each_purpose_has_a_key_and_the_next_one(office: Office) -> None:
    published = [each.purpose for each in office.desk.keys().published]
    assert sorted(published) == sorted([*PURPOSES, LISTS] * 2)
    assert len({each.kid for each in office.desk.keys().published}) == len(published)


async def test_a_gate_that_heard_nothing_knows_who_signs_next(office: Office) -> None:
    resident, held = await office.resident(), await fetched(office)
    before = await office.code(resident, 1)
    await change(office)
    after = await office.code(resident, 1)
    assert (judged(office, held, before), judged(office, held, after)) == (None, None)
    kids = [pass_codes.authentic(each, held.keys, {"parking"}, NOW).kid for each in (before, after)]
    assert kids[0] != kids[1]
    await change(office)
    assert judged(office, held, await office.code(resident, 1)) == Refusal.UNKNOWN_KEY  # two rotations are too many
    assert judged(office, await fetched(office, held.keys), await office.code(resident, 1)) is None


@pytest.mark.case("QR-07")
async def test_after_a_compromise_nothing_is_left_of_what_a_thief_may_have(office: Office) -> None:
    resident, gate, held = await office.resident(), await office.gate(), await fetched(office)
    stolen = office.desk.keys()
    forged = await office.code(resident, 1)
    await change(office, compromised=True)
    assert (await office.check(gate, forged)).result == "unknown_key"  # online at once
    assert judged(office, held, forged) is None  # an offline gate does not know yet
    renewed = await fetched(office, held.keys)
    assert judged(office, renewed, forged) == Refusal.UNKNOWN_KEY
    assert judged(office, Held(held.keys, renewed.revoked, held.clock), forged) == Refusal.REVOKED  # the list alone
    assert judged(office, renewed, await office.code(resident, 1)) is None
    old = {each.kid for each in stolen.published if each.purpose == "parking"}
    assert old.isdisjoint({each.kid for each in renewed.keys})


async def test_keys_rotate_by_themselves_when_the_next_one_signs(office: Office, context: TaskContext) -> None:
    await rotate_keys(context)
    await office.reload()
    first, version = office.desk.keys().signer("parking", NOW), office.desk.keys().published.version
    office.clock.advance(keys.ROTATE_EVERY)
    await rotate_keys(context)
    await office.reload()
    second = office.desk.keys().signer("parking", office.clock.now())
    assert second.kid != first.kid
    published = {each.kid: each.until for each in office.desk.keys().published if each.purpose == "parking"}
    assert published[first.kid] == office.clock.now() + keys.BELIEVED_AFTER
    assert published[second.kid] is None
    assert len(published) == 3
    assert office.desk.keys().published.version > version
    office.clock.advance(keys.BELIEVED_AFTER)
    await rotate_keys(context)
    await office.reload()
    assert len([each for each in office.desk.keys().published if each.purpose == "parking"]) == 2
    assert await office.rows("SELECT count(*) FROM audit_entry WHERE action = 'code_keys.rotated'") == [{"count": 4}]


async def test_a_key_that_was_just_made_signs_at_once(office: Office) -> None:
    office.clock.advance(timedelta(milliseconds=500))  # codes say whole seconds, keys begin between them
    await change(office, compromised=True)
    assert judged(office, await fetched(office), await office.code(await office.resident(), 1)) is None


async def test_the_signer_of_lists_changes_too(office: Office) -> None:
    held = await fetched(office)
    await change(office, purpose=LISTS)
    assert (await fetched(office, held.keys)).keys.version > held.keys.version


async def test_after_a_compromise_of_lists_gates_follow_and_the_stolen_key_lists_nothing(office: Office) -> None:
    held = await fetched(office)
    stolen = office.desk.keys().signer(LISTS, office.clock.now())
    await change(office, purpose=LISTS, compromised=True)
    renewed = await fetched(office, held.keys)
    assert renewed.keys.version > held.keys.version
    forged = key_sets.signed(key_sets.KeySet(1 << 40, ()), office.clock.now(), stolen.private, stolen.kid)
    with pytest.raises(SignedListRefusedError, match="not known"):
        key_sets.read(forged, renewed.keys, office.clock.now())
    await change(office, purpose=LISTS)
    assert (await fetched(office, renewed.keys)).keys.version > renewed.keys.version


async def test_a_previous_key_lists_nothing_when_its_time_is_over(office: Office) -> None:
    old = office.desk.keys().signer(LISTS, office.clock.now())
    await change(office, purpose=LISTS)
    held = await fetched(office)
    listed = key_sets.signed(held.keys, office.clock.now(), old.private, old.kid)
    assert key_sets.read(listed, held.keys, office.clock.now()).version == held.keys.version
    with pytest.raises(SignedListRefusedError):
        key_sets.read(listed, held.keys, office.clock.now() + keys.BELIEVED_AFTER)
