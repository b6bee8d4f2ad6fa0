"""A verifier by itself: lists that it believes, codes that it has seen, and when it must ask instead."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from flows.codes import base45, key_sets, revocations, signed_codes, signed_receipts
from flows.codes.errors import PassCodeRefusedError, SignedListRefusedError
from flows.codes.key_sets import KeySet, PublicKey
from flows.codes.offline import ClockState, Held, Risk, SeenCodes, judge
from flows.codes.refusals import Refusal
from flows.codes.revocations import RevocationList, hash_of
from flows.codes.signed_receipts import Receipt, plate_hash
from tests.codes.issued import (
    CODE_ID,
    KEYS,
    LIST,
    LIST_KID,
    NOW,
    PARKING,
    PARKING_KID,
    STRANGE,
    SUBJECT,
    parking_code,
)
from tests.codes.mutants import flipped

LOT = UUID(int=7)
CLOCK = ClockState(timedelta(seconds=2), NOW)
NOTHING = RevocationList(1, NOW, ())


def refused(held: Held, now: datetime = NOW, risk: Risk = "any", text: str = "") -> Refusal | None:
    try:
        judge(text or parking_code(now), held, "parking", now, risk=risk)
    except PassCodeRefusedError as error:
        return error.reason
    return None


@pytest.mark.case("QR-07")
@pytest.mark.parametrize(("kind", "value"), [("subject", SUBJECT), ("code", CODE_ID), ("key", PARKING_KID)])
def test_what_is_revoked_is_refused_after_the_next_list(kind: revocations.Kind, value: bytes) -> None:
    assert refused(Held(KEYS, NOTHING, CLOCK)) is None
    made = revocations.signed(RevocationList(2, NOW, [hash_of(kind, value)]), LIST, LIST_KID)
    fetched = revocations.read(made, KEYS, NOW, NOTHING)
    assert refused(Held(KEYS, fetched, CLOCK)) == Refusal.REVOKED


@pytest.mark.case("QR-08")
def test_an_old_list_is_enough_for_low_risks_only() -> None:
    held, later = Held(KEYS, NOTHING, ClockState(timedelta(0), NOW + timedelta(hours=20))), NOW + timedelta(hours=24)
    assert refused(held, later) is None
    ahead = RevocationList(1, later, ())  # by which the clock cannot be right
    assert refused(Held(KEYS, ahead, CLOCK), later - timedelta(hours=1)) == Refusal.LIST_TOO_OLD
    later += timedelta(seconds=1)
    assert (refused(held, later), refused(held, later, "low")) == (Refusal.LIST_TOO_OLD, None)
    assert refused(Held(KEYS, None, CLOCK)) == Refusal.LIST_TOO_OLD


@pytest.mark.case("QR-08")
@pytest.mark.parametrize(
    "clock",
    [
        None,
        ClockState(timedelta(seconds=16), NOW),
        ClockState(timedelta(seconds=-16), NOW),
        ClockState(timedelta(0), NOW - timedelta(hours=24, seconds=1)),
        ClockState(timedelta(0), NOW + timedelta(seconds=21)),  # the clock was set back
    ],
)
def test_without_a_known_clock_nothing_is_judged(clock: ClockState | None) -> None:
    assert refused(Held(KEYS, NOTHING, clock), risk="low") == Refusal.ONLINE_ONLY


@pytest.mark.parametrize("compared", [NOW - timedelta(hours=24), NOW + timedelta(seconds=20)])
def test_a_clock_that_is_just_good_enough_will_do(compared: datetime) -> None:
    assert refused(Held(KEYS, NOTHING, ClockState(timedelta(seconds=15), compared))) is None


def test_a_site_lets_a_code_through_once_and_its_own_retry() -> None:
    seen, code = SeenCodes(), signed_codes.verify(parking_code(), KEYS, "parking", NOW)
    seen.use(code, "gate-1", "r1", NOW)
    seen.use(code, "gate-1", "r1", NOW + timedelta(seconds=5))
    for verifier, request, after in (
        ("gate-1", "r1", 6),
        ("gate-1", "r2", 1),
        ("gate-2", "r1", 1),
        ("gate-2", "r", 79),
    ):
        with pytest.raises(PassCodeRefusedError, match="gate-1") as caught:
            seen.use(code, verifier, request, NOW + timedelta(seconds=after))
        assert caught.value.reason == Refusal.REPLAY


def test_the_key_set_travels_signed() -> None:
    made = key_sets.signed(KEYS, NOW, LIST, LIST_KID)
    read = key_sets.read(made, key_sets.trusting(LIST_KID, LIST.public_key().public_bytes_raw()), NOW)
    assert (read.version, read.issued_at) == (4, NOW)
    assert signed_codes.verify(parking_code(), read, "parking", NOW).subject == SUBJECT
    assert [each.until for each in read] == [each.until for each in sorted(KEYS, key=lambda k: (k.purpose, k.kid))]


def test_a_list_that_is_forged_damaged_or_older_is_refused() -> None:
    keys, listed = key_sets.signed(KEYS, NOW, LIST, LIST_KID), RevocationList(5, NOW, [b"12345678"])
    revoked = revocations.signed(listed, LIST, LIST_KID)
    for forged in (
        keys[:-1],
        keys[:-1] + bytes([keys[-1] ^ 1]),
        b"",
        revoked,
        key_sets.signed(KEYS, NOW, STRANGE, LIST_KID),
    ):
        with pytest.raises(SignedListRefusedError):
            key_sets.read(forged, KEYS, NOW)
    with pytest.raises(SignedListRefusedError):  # a key of codes signs no lists
        key_sets.read(key_sets.signed(KEYS, NOW, PARKING, PARKING_KID), KEYS, NOW)
    with pytest.raises(SignedListRefusedError, match="older"):
        key_sets.read(keys, KeySet(5, KEYS), NOW)
    for forged in (keys, revoked[1:], revocations.signed(listed, PARKING, PARKING_KID)):
        with pytest.raises(SignedListRefusedError):
            revocations.read(forged, KEYS, NOW)
    with pytest.raises(SignedListRefusedError, match="older"):
        revocations.read(revoked, KEYS, NOW, RevocationList(5, NOW + timedelta(minutes=1), ()))


def test_a_list_of_a_hundred_thousand_has_the_published_size() -> None:
    hashes = [hash_of("subject", n.to_bytes(16)) for n in range(100_000)]
    size = len(revocations.signed(RevocationList(1, NOW, hashes), LIST, LIST_KID))
    assert 781 * 1024 < size < 782 * 1024


def test_a_receipt_is_for_one_plate_and_lot_and_is_no_pass() -> None:
    receipt = Receipt(plate_hash(LOT, "沪A12345"), LOT, NOW + timedelta(hours=1), CODE_ID)
    text = signed_receipts.issue(PARKING, PARKING_KID, receipt)
    assert signed_receipts.verify(text, KEYS, LOT, NOW) == receipt
    for lot, after, expected in ((UUID(int=8), 0, Refusal.WRONG_PURPOSE), (LOT, 3621, Refusal.EXPIRED)):
        with pytest.raises(PassCodeRefusedError) as caught:
            signed_receipts.verify(text, KEYS, lot, NOW + timedelta(seconds=after))
        assert caught.value.reason == expected
    for as_pass in (text, text.replace("SR1:", "SC1:")):
        with pytest.raises(PassCodeRefusedError):
            signed_codes.verify(as_pass, KEYS, "parking", NOW)


@pytest.mark.case("QR-03")
def test_no_single_bit_of_a_receipt_may_change() -> None:
    text = signed_receipts.issue(PARKING, PARKING_KID, Receipt(bytes(16), LOT, NOW + timedelta(hours=1), CODE_ID))
    for bent in flipped(base45.decode(text[4:])):
        with pytest.raises(PassCodeRefusedError):
            signed_receipts.verify("SR1:" + base45.encode(bent), KEYS, LOT, NOW)


def test_an_old_key_is_believed_until_its_end() -> None:
    ends = KeySet(1, [PublicKey(PARKING_KID, "parking", PARKING.public_key(), until=NOW + timedelta(seconds=1))])
    assert refused(Held(ends, NOTHING, CLOCK)) is None
    assert refused(Held(ends, NOTHING, CLOCK), NOW + timedelta(seconds=1)) == Refusal.KEY_RETIRED
