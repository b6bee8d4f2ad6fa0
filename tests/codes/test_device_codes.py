"""Codes that a phone signs: exactly one form, one credential, one window of time, and nothing else is accepted."""

import random
from collections.abc import Iterator
from datetime import timedelta

import cbor2
import pytest
from cryptography.exceptions import InvalidSignature
from hypothesis import given
from hypothesis import strategies as st
from pycose.keys.ec2 import EC2Key
from pycose.keys.okp import OKPKey
from pycose.messages.sign1message import Sign1Message

from flows.codes import base45, device_codes, signed_codes
from flows.codes.device_codes import Credential
from flows.codes.refusals import Refusal
from tests.codes import independent
from tests.codes.issued import (
    ENDS,
    IDENTITY,
    IDENTITY_KID,
    KEYS,
    NOW,
    OLD,
    OLD_KID,
    PARKING,
    PARKING_KID,
    PHONE,
    STRANGE,
    SUBJECT,
    Phone,
    parking_code,
    parking_credential,
)
from tests.codes.mutants import reason, reason_by_the_page_alone, shaken, single_bits

CREDENTIAL = parking_credential()
CODE = PHONE.code(CREDENTIAL)
RAW = base45.decode(CODE.removeprefix(device_codes.PREFIX))


def code_of(data: bytes) -> str:
    return device_codes.PREFIX + base45.encode(data)


def test_a_code_says_whose_phone_has_signed_it() -> None:
    code = signed_codes.verify(CODE, KEYS, "parking", NOW)
    assert (code.subject, code.issued_at, code.kid, code.purpose) == (SUBJECT, NOW, PARKING_KID, "parking")
    assert (code.device, len(code.code_id), len(RAW), len(CODE)) == (PHONE.public, 8, 187, 285)


def test_a_second_has_one_code_of_a_phone() -> None:
    def code_id(phone: Phone = PHONE, after: int = 0, credential: bytes = b"") -> bytes:
        text = phone.code(credential or parking_credential(phone), NOW + timedelta(seconds=after))
        return signed_codes.verify(text, KEYS, "parking", NOW).code_id

    renewed = parking_credential(ends=ENDS + timedelta(days=1))
    assert code_id() == code_id(credential=renewed)
    assert len({code_id(), code_id(after=1), code_id(Phone(2))}) == 3


@pytest.mark.case("QR-04")
@pytest.mark.parametrize(
    ("after", "expected"), [(80, None), (81, Refusal.EXPIRED), (-20, None), (-21, Refusal.TOO_EARLY)]
)
def test_the_window_is_exact(after: int, expected: Refusal | None) -> None:
    assert reason(CODE, after=after) == expected


def test_a_phone_signs_until_its_credential_ends() -> None:
    for after, expected in ((0, None), (1, Refusal.EXPIRED)):
        at = timedelta(days=7, seconds=after)
        assert reason(PHONE.code(CREDENTIAL, NOW + at), after=at.total_seconds()) == expected


@pytest.mark.case("QR-13")
def test_neither_credential_nor_signature_serves_another_purpose_or_phone() -> None:
    assert reason(CODE, purpose="identity") == Refusal.WRONG_PURPOSE
    identity = device_codes.issue(IDENTITY, Credential(IDENTITY_KID, SUBJECT, ENDS, PHONE.public))
    assert reason(PHONE.code(identity), purpose="identity") is None
    moved = code_of(identity + RAW[119:])  # the phone's word for parking beside what it has for identity
    assert reason(moved, purpose="identity") == Refusal.BAD_SIGNATURE
    assert reason(code_of(CREDENTIAL + base45.decode(Phone(2).code(CREDENTIAL)[4:])[119:])) == Refusal.BAD_SIGNATURE
    for prefix, text in (("SC1:", CODE), ("SC2:", parking_code())):
        assert reason(prefix + text[4:]) == Refusal.NOT_A_CODE


def test_a_key_that_is_unknown_or_retired_opens_nothing() -> None:
    for key, kid, expected in (
        (STRANGE, b"\xff\xff", Refusal.UNKNOWN_KEY),
        (STRANGE, PARKING_KID, Refusal.BAD_SIGNATURE),
        (OLD, OLD_KID, Refusal.KEY_RETIRED),
    ):
        assert reason(PHONE.code(device_codes.issue(key, Credential(kid, SUBJECT, ENDS, PHONE.public)))) == expected


@pytest.mark.case("QR-03")
def test_no_single_bit_may_change() -> None:
    mutants = single_bits(CODE)
    assert len(mutants) >= 2000
    assert [each for each in mutants if reason(each) is None] == []


@pytest.mark.case("issue-5-bad-input")
def test_of_ten_thousand_mutants_none_is_accepted() -> None:
    mutants = {*_mutants(random.Random(5), 12_000)} - {CODE}  # noqa: S311 - the same ones in every run
    assert len(mutants) >= 10_000
    assert [each for each in mutants if reason(each) is None] == []


def _mutants(chance: random.Random, count: int) -> Iterator[str]:
    yield from _aliases()
    others = [base45.decode(Phone(n).code(parking_credential(Phone(n)))[4:]) for n in range(2, 6)]
    for _ in range(count):
        data = bytearray(RAW)
        match chance.randrange(4):
            case 0 | 1:
                data = bytearray(shaken(RAW, chance))
            case 2:  # pieces of other phones' codes that hold by themselves
                at, other = chance.randrange(len(data)), chance.choice(others)
                data[at : chance.randrange(at, len(data)) + 1] = other[at : at + 1 + chance.randrange(64)]
            case _:  # values changed, signed by nobody
                data[2 + chance.randrange(20)] ^= chance.randrange(1, 256)
                data[119 + chance.randrange(4)] ^= chance.randrange(256)
        yield code_of(bytes(data))


def _aliases() -> Iterator[str]:
    """What says the same in other words, or would if less were looked at."""
    s = int.from_bytes(RAW[155:])
    yield code_of(RAW[:155] + (independent.ORDER - s).to_bytes(32))  # ECDSA's other s, which holds as well
    yield code_of(RAW[:155] + bytes(32))
    yield code_of(RAW[:123] + bytes(64))
    yield code_of(RAW[:22] + bytes([RAW[22] ^ 1]) + RAW[23:])  # the point's other half
    yield from (code_of(RAW[:22] + bytes([head]) + RAW[23:]) for head in (0, 4, 5, 6, 7))
    yield code_of(RAW[:23] + b"\xff" * 32 + RAW[55:])  # no point
    yield from (code_of(RAW + b"\0"), code_of(RAW[:-1]), CODE.lower(), CODE + " ", CODE[4:], "SC2:", "SC2:" + CODE)
    yield from (CODE.replace("SC2:", other) for other in ("SC1:", "SC3:", "SR1:", "sc2:", "S:"))


def test_the_other_s_would_hold_if_it_were_taken() -> None:
    """So that the test above is of the rule, and not of a signature that is broken anyway."""
    other = (independent.ORDER - int.from_bytes(RAW[155:])).to_bytes(32)
    assert reason(code_of(RAW[:155] + other)) == Refusal.BAD_SIGNATURE
    public = device_codes.public_key(PHONE.public)
    message = device_codes.to_sign(CREDENTIAL, NOW)
    device_codes.verify(public, RAW[123:], message)
    with pytest.raises(InvalidSignature):
        device_codes.verify(public, RAW[123:155] + other, message)
    independent.verify_es256(PHONE.public, RAW[123:155] + other, message)


@given(st.text(), st.binary(max_size=200))
def test_nothing_that_is_scanned_breaks_it(text: str, data: bytes) -> None:
    for each in (device_codes.PREFIX + text, code_of(data), code_of(data.ljust(187, b"\x02")[:187])):
        assert isinstance(reason(each), Refusal)


@pytest.mark.case("QR-14")
@given(st.binary(min_size=16, max_size=16), st.integers(1, 2**200), st.integers(-25, 85))
def test_a_verifier_written_from_the_format_alone_agrees(subject: bytes, number: int, after: int) -> None:
    phone = Phone(number)
    text = phone.code(parking_credential(phone, subject=subject))
    code_id = signed_codes.verify(text, KEYS, "parking", NOW).code_id
    expected = reason(text, after=after) or (subject, int(NOW.timestamp()), code_id)
    assert reason_by_the_page_alone(text, after) == expected


def test_another_implementation_of_cose_verifies_both_signatures() -> None:
    """As whole messages: what is in the picture, and what every code has in common."""
    cose_key = {1: 2, -1: 1, -2: PHONE.public[1:], -3: PHONE.public[0] == 3}
    claims = cbor2.dumps({2: SUBJECT, 4: int(ENDS.timestamp()), 8: {1: cose_key}}, canonical=True)
    said = cbor2.dumps({6: int(NOW.timestamp())})
    ours = OKPKey(crv="ED25519", x=PARKING.public_key().public_bytes_raw())
    point = device_codes.public_key(PHONE.public).public_numbers()
    phones = EC2Key(crv="P_256", x=point.x.to_bytes(32), y=point.y.to_bytes(32))
    for alg, payload, signature, aad, key in (
        (-8, claims, RAW[55:119], device_codes.CREDENTIAL_AAD, ours),
        (-7, said, RAW[123:], device_codes.AAD + CREDENTIAL, phones),
    ):
        message = Sign1Message.from_cose_obj(
            [cbor2.dumps({1: alg}), {}, payload, signature], allow_unknown_attributes=False
        )
        message.key = key
        message.external_aad = aad  # type: ignore[misc]  # their setter is not typed
        assert message.verify_signature()
    assert device_codes.issue(PARKING, Credential(PARKING_KID, SUBJECT, ENDS, PHONE.public)) == CREDENTIAL
