"""Phones that sign codes themselves: bound by their key, believed by gates, and given up."""

import asyncio
from datetime import timedelta

import pytest

from auth.accounts.accounts import freeze, thaw
from auth.accounts.merging import merge
from flows.codes import binding, device_codes, issuing, keys, offline, revocations, revoking
from flows.codes.binding import Proof
from flows.codes.devices import LAST
from flows.codes.errors import (
    CodeDeviceRefusedError,
    CodeDeviceUnknownError,
    CodesUnavailableError,
    PassCodeRefusedError,
)
from flows.codes.issuing import Wanted
from flows.codes.offline import ClockState, Held
from flows.codes.refusals import Refusal
from flows.codes.tasks import forget
from kernel.celery import TaskContext
from tests.codes.issued import NOW, PHONE, Phone
from tests.codes.office import Office

OTHER = Phone(2)


async def at_a_gate(office: Office, text: str) -> Refusal | None:
    """What a gate without a network says, that has just fetched its lists."""
    async with office.database.session() as session:
        revoked = await revoking.current_list(session, office.clock)
    now = office.clock.now()
    held = Held(office.desk.keys().published, revoked, ClockState(timedelta(0), now))
    try:
        offline.judge(text, held, "parking", now, risk="any")
    except PassCodeRefusedError as error:
        return error.reason
    return None


async def test_a_bound_phone_signs_codes_that_count_once(office: Office) -> None:
    resident, gate, other = await office.resident(), await office.gate(), await office.gate("Gate 2")
    await office.bind(resident, PHONE)
    credential = await office.credential(resident, PHONE)
    office.clock.advance(timedelta(days=6))  # in a basement
    text = PHONE.code(credential, office.clock.now())
    assert await at_a_gate(office, text) is None
    checked = await office.check(gate, text)
    assert (checked.result, checked.purpose) == ("ok", "parking")
    assert checked.subject == (await office.check(gate, await office.code(resident))).subject  # by the same name
    assert (await office.check(other, text)).result == "replay"
    assert await office.report(other, (text, "a", office.clock.now())) == ["recorded"]
    assert len(await office.rows("SELECT * FROM code_double_use")) == 1
    assert await office.report(other, (text[:-4] + "0000", "b", office.clock.now())) == ["bad_signature"]


async def test_a_phone_shows_that_it_has_its_key(office: Office) -> None:
    resident = await office.resident()

    async def tried(proof: Proof, sid: str = "sid") -> None:
        async with office.database.session() as session:
            await binding.bind(session, office.desk, resident, sid, proof)

    asked = await binding.challenge(office.desk.redis, "sid")
    good = Proof(PHONE.public, PHONE.sign(device_codes.to_bind(asked)))
    with pytest.raises(CodeDeviceRefusedError, match="no challenge"):
        await tried(good, "another session")
    await tried(good)
    with pytest.raises(CodeDeviceRefusedError, match="was used"):
        await tried(good)
    for public, message, said in (
        (OTHER.public, b"", "not signed"),
        (PHONE.public, b"something else", "not signed"),
        (PHONE.public[:-1], b"", "P-256"),
        (b"\x04" + PHONE.public[1:], b"", "P-256"),
        (b"", b"", "P-256"),
    ):
        asked = await binding.challenge(office.desk.redis, "sid")
        signature = PHONE.sign(message or device_codes.to_bind(asked))
        with pytest.raises(CodeDeviceRefusedError, match=said):
            await tried(Proof(public, signature))


async def test_an_account_has_one_phone(office: Office) -> None:
    resident, stranger, gate = await office.resident(), await office.resident("li"), await office.gate()
    first = await office.bind(resident, PHONE)
    office.clock.advance(timedelta(seconds=1))
    assert (await office.bind(resident, PHONE)).bound_at == first.bound_at == NOW  # an answer was lost
    with pytest.raises(CodeDeviceRefusedError, match="bound before"):
        await office.bind(stranger, PHONE)
    text = await office.phone_code(resident, PHONE)
    async with office.database.session() as session:
        assert not await binding.replaces_another(session, resident, PHONE.public)
        assert await binding.replaces_another(session, resident, OTHER.public)
        assert not await binding.replaces_another(session, stranger, OTHER.public)
    await office.bind(resident, OTHER)
    assert (await office.check(gate, text)).result == "revoked"
    assert await at_a_gate(office, text) == Refusal.REVOKED
    assert (await office.check(gate, await office.phone_code(resident, OTHER))).result == "ok"
    with pytest.raises(CodeDeviceUnknownError):
        await office.credential(resident, PHONE)
    with pytest.raises(CodeDeviceRefusedError, match="bound before"):
        await office.bind(resident, PHONE)


async def test_of_two_phones_at_once_one_is_bound(office: Office) -> None:
    resident = await office.resident()

    async def bound(phone: Phone) -> None:
        asked = await binding.challenge(office.desk.redis, str(phone.public))
        proof = Proof(phone.public, phone.sign(device_codes.to_bind(asked)))
        async with office.database.session() as session:
            await binding.replaces_another(session, resident, phone.public)
            await binding.bind(session, office.desk, resident, str(phone.public), proof)

    await asyncio.gather(*(bound(Phone(number)) for number in range(1, 6)))
    assert await office.rows("SELECT count(*) FROM code_device WHERE revoked_at IS NULL") == [{"count": 1}]
    assert await office.rows("SELECT count(*) FROM code_revocation WHERE kind = 'device'") == [{"count": 4}]


@pytest.mark.case("QR-07")
async def test_a_lost_phone_is_refused_at_once_online_and_by_the_next_list_at_gates(office: Office) -> None:
    resident, gate = await office.resident(), await office.gate()
    await office.bind(resident, PHONE)
    credential = await office.credential(resident, PHONE)
    office.clock.advance(timedelta(hours=1))
    await office.revoke_all(resident)
    office.clock.advance(timedelta(days=1))
    found_later = PHONE.code(credential, office.clock.now())
    assert (await office.check(gate, found_later)).result == "revoked"
    assert await at_a_gate(office, found_later) == Refusal.REVOKED
    assert (await office.check(gate, await office.code(resident))).result == "ok"
    office.clock.advance(timedelta(days=6))
    assert len((await listed(office)).hashes) == 0  # the credential is over, the list has forgotten it
    assert await at_a_gate(office, PHONE.code(credential, office.clock.now())) == Refusal.EXPIRED


async def test_a_phone_that_fetches_a_credential_while_it_is_revoked_is_listed_until_that_is_over(
    office: Office,
) -> None:
    resident = await office.resident()
    await office.bind(resident, PHONE)
    wanted = Wanted("parking", phone=PHONE.public)
    async with office.database.session() as session:
        _, until = await issuing.issue_credential(session, office.desk, resident, "L1", wanted)
        revoked = asyncio.create_task(office.revoke_all(resident))
        await asyncio.sleep(0.2)
    await revoked
    ends = await office.rows("SELECT until FROM code_revocation WHERE kind = 'device'")
    assert ends == [{"until": until + LAST}]


async def listed(office: Office) -> revocations.RevocationList:
    async with office.database.session() as session:
        return await revoking.current_list(session, office.clock)


async def test_a_closed_accounts_phone_is_refused_until_it_is_open_again(office: Office) -> None:
    resident, gate = await office.resident(), await office.gate()
    await office.bind(resident, PHONE)
    text = await office.phone_code(resident, PHONE)
    async with office.database.session() as session:
        await freeze(session, office.clock, resident)
    assert (await office.check(gate, text)).result == "revoked"
    assert await at_a_gate(office, text) == Refusal.REVOKED
    async with office.database.session() as session:
        await thaw(session, resident)
    assert await at_a_gate(office, text) is None
    assert (await office.check(gate, text)).result == "ok"


async def test_who_becomes_part_of_another_account_keeps_the_phone_until_it_is_replaced(office: Office) -> None:
    one, two, gate = await office.resident(), await office.resident("li"), await office.gate()
    await office.bind(one, PHONE)
    await office.bind(two, OTHER)
    async with office.database.session() as session:
        kept = (await merge(session, office.clock, one, two, "same-proof")).kept_id
    texts = [await office.phone_code(kept, phone) for phone in (PHONE, OTHER)]
    assert [await at_a_gate(office, text) for text in texts] == [None, None]
    assert [(await office.check(gate, text)).result for text in texts] == ["ok", "ok"]
    await office.revoke_all(kept)
    assert [await at_a_gate(office, text) for text in texts] == [Refusal.REVOKED] * 2
    async with office.database.session() as session:
        assert await binding.replaces_another(session, kept, Phone(3).public)


async def test_a_rotation_leaves_credentials_good_and_a_compromise_does_not(office: Office) -> None:
    resident = await office.resident()
    await office.bind(resident, PHONE)
    credential = await office.credential(resident, PHONE)
    assert issuing.CREDENTIAL_LIFE < keys.BELIEVED_AFTER
    for change, expected in ((keys.rotate, None), (keys.replace_compromised, Refusal.UNKNOWN_KEY)):
        async with office.database.session() as session:
            await change(session, office.cipher, office.clock, "parking")
        await office.reload()
        office.clock.advance(timedelta(days=3))
        assert await at_a_gate(office, PHONE.code(credential, office.clock.now())) == expected


async def test_without_redis_no_phone_is_bound(office: Office) -> None:
    resident = await office.resident()
    office.without_redis()
    with pytest.raises(CodesUnavailableError):
        await office.bind(resident, PHONE)
    async with office.database.session() as session:
        with pytest.raises(CodesUnavailableError):
            await binding.bind(session, office.desk, resident, "sid", Proof(PHONE.public, b""))


async def test_phones_that_nobody_uses_are_forgotten_after_a_quarter(office: Office, context: TaskContext) -> None:
    resident, stranger = await office.resident(), await office.resident("li")
    await office.bind(stranger, Phone(3))
    await office.bind(resident, PHONE)
    await office.credential(resident, PHONE)
    office.clock.advance(timedelta(days=7))
    await office.bind(resident, OTHER)
    office.clock.advance(timedelta(days=90))
    await forget(context)
    assert await office.rows("SELECT count(*) FROM code_device") == [{"count": 2}]
    await office.credential(resident, OTHER)
    office.clock.advance(timedelta(seconds=1))
    await forget(context)
    assert await office.rows("SELECT public FROM code_device") == [{"public": OTHER.public}]
