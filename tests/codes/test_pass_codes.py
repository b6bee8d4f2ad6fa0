"""Pass codes: exactly one form, exactly one window of time, and nothing else is ever accepted."""

import random
from collections.abc import Iterator

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycose.keys.okp import OKPKey
from pycose.messages.sign1message import Sign1Message

from flows.codes import base45, cose, pass_codes, signed_codes
from flows.codes.refusals import Refusal
from tests.codes.issued import (
    CODE_ID,
    IDENTITY,
    IDENTITY_KID,
    KEYS,
    NOW,
    OLD,
    OLD_KID,
    PARKING,
    PARKING_KID,
    STRANGE,
    SUBJECT,
    parking_code,
)
from tests.codes.mutants import reason, reason_by_the_page_alone, shaken, single_bits

RAW = base45.decode(parking_code().removeprefix(pass_codes.PREFIX))


def code_of(data: bytes) -> str:
    return pass_codes.PREFIX + base45.encode(data)


def test_a_code_says_what_was_issued() -> None:
    code = signed_codes.verify(parking_code(), KEYS, "parking", NOW)
    assert (code.subject, code.code_id, code.issued_at) == (SUBJECT, CODE_ID, NOW)
    assert (code.kid, code.purpose) == (PARKING_KID, "parking")


def test_its_size_is_the_published_one() -> None:
    assert (len(RAW), len(parking_code())) == (113, 174)


@pytest.mark.case("QR-04")
@pytest.mark.parametrize(
    ("after", "expected"), [(80, None), (81, Refusal.EXPIRED), (-20, None), (-21, Refusal.TOO_EARLY)]
)
def test_the_window_is_exact(after: int, expected: Refusal | None) -> None:
    assert reason(parking_code(), after=after) == expected


@pytest.mark.case("QR-13")
def test_a_code_is_for_one_purpose() -> None:
    assert reason(parking_code(), purpose="identity") == Refusal.WRONG_PURPOSE
    disguised = pass_codes.issue(PARKING, IDENTITY_KID, SUBJECT, NOW, CODE_ID)  # under the other purpose's kid
    assert reason(disguised, purpose="identity") == Refusal.BAD_SIGNATURE
    assert reason(pass_codes.issue(IDENTITY, IDENTITY_KID, SUBJECT, NOW, CODE_ID), purpose="identity") is None


def test_a_key_that_is_unknown_or_retired_opens_nothing() -> None:
    assert reason(pass_codes.issue(STRANGE, b"\xff\xff", SUBJECT, NOW, CODE_ID)) == Refusal.UNKNOWN_KEY
    assert reason(pass_codes.issue(STRANGE, PARKING_KID, SUBJECT, NOW, CODE_ID)) == Refusal.BAD_SIGNATURE
    assert reason(pass_codes.issue(OLD, OLD_KID, SUBJECT, NOW, CODE_ID)) == Refusal.KEY_RETIRED


@pytest.mark.case("QR-03")
def test_no_single_bit_may_change() -> None:
    mutants = single_bits(parking_code())
    assert len(mutants) >= 2000
    assert [each for each in mutants if reason(each) is None] == []


@pytest.mark.case("issue-5-bad-input")
def test_of_ten_thousand_mutants_none_is_accepted() -> None:
    mutants = {*_mutants(random.Random(5), 12_000)} - {parking_code()}  # noqa: S311 - the same ones in every run
    assert len(mutants) >= 10_000
    assert [each for each in mutants if reason(each) is None] == []


def _mutants(chance: random.Random, count: int) -> Iterator[str]:
    yield from _written_anew()
    yield from _aliases()
    for _ in range(count):
        data = bytearray(RAW)
        match chance.randrange(4):
            case 0 | 1:
                data = bytearray(shaken(RAW, chance))
            case 2:  # the signature's other halves: S + the group's order, another R
                order = 2**252 + 27742317777372353535851937790883648493
                scalar = int.from_bytes(data[81:], "little") + order * chance.randrange(1, 9)
                data[81:] = (scalar % 2**256).to_bytes(32, "little")
                data[49 + chance.randrange(32)] ^= chance.randrange(256)
            case _:  # claims changed, signed by nobody
                data[15 + chance.randrange(16)] ^= chance.randrange(1, 256)
                data[33 + chance.randrange(14)] ^= chance.randrange(1, 256)
        yield code_of(bytes(data))


def _written_anew() -> Iterator[str]:
    """The same statement in other words of CBOR and COSE."""
    _, _, payload, signature = cbor2.loads(RAW)
    protected, kid = cbor2.dumps({1: -8}), PARKING_KID
    for head in ({1: -7}, {1: -8, 4: kid}, {}, {1: "EdDSA"}, {1: -19}, {1: 5}):  # other algorithms, RFC 9864's name
        yield code_of(cbor2.dumps([cbor2.dumps(head), {4: kid}, payload, signature]))
    for beside in ({}, {4: kid, 5: b""}, {4: [kid]}, {"4": kid}, {4: kid.decode("latin-1")}, {4: bytes(kid) + b"\0"}):
        yield code_of(cbor2.dumps([protected, beside, payload, signature]))
    for claims in ({2: SUBJECT}, {**cbor2.loads(payload), 4: 2**32 - 1}, {**cbor2.loads(payload), "sub": SUBJECT}):
        yield code_of(cbor2.dumps([protected, {4: kid}, cbor2.dumps(claims), signature]))
    whole = [protected, {4: kid}, payload, signature]
    yield code_of(cbor2.dumps(cbor2.CBORTag(18, whole)))  # tagged
    yield code_of(cbor2.dumps([*whole, b""]))
    yield code_of(cbor2.dumps([protected, {4: kid}, payload, [[b"", {}, signature]]]))  # as COSE_Sign has it
    yield code_of(RAW + b"\0")
    yield code_of(RAW[:-1])
    yield code_of(b"\x9f" + RAW[1:] + b"\xff")  # of indefinite length
    yield code_of(RAW[:5] + b"\xb8\x01" + RAW[6:])  # a length in two bytes that needs one
    yield code_of(RAW[:10] + b"\x59\x00" + RAW[11:])
    yield code_of(RAW[:5] + b"\xa2\x04\x42" + kid + b"\x04\x42" + kid + RAW[10:])  # a key twice


def _aliases() -> Iterator[str]:
    text = parking_code()
    yield from (text.lower(), text + " ", " " + text, text + "\n", text.replace("SC1:", "SC1"), text[4:], "")
    yield from (text.replace("SC1:", other) for other in ("SC2:", "HC1:", "SR1:", "sc1:", "SC1::"))
    yield from (text + tail for tail in ("0", "00", "000", ":::"))
    wide = text.translate({ord("0"): "０", ord("1"): "１", ord("A"): "А"})  # a full-width digit, a Cyrillic letter
    yield wide
    for at in range(4, 172, 3):  # a group that would overflow to the same two bytes
        value = sum(base45.ALPHABET.index(text[at + n]) * 45**n for n in range(3)) + 2**16
        if value < 45**3:
            digits = (value % 45, value // 45 % 45, value // 2025)
            yield text[:at] + "".join(base45.ALPHABET[each] for each in digits) + text[at + 3 :]


@given(st.text(), st.binary(max_size=200))
def test_nothing_that_is_scanned_breaks_it(text: str, data: bytes) -> None:
    for each in (text, pass_codes.PREFIX + text, code_of(data)):
        assert isinstance(reason(each), Refusal)


@given(st.binary(max_size=60))
def test_base45_has_one_text_for_each_byte_string(data: bytes) -> None:
    assert base45.decode(base45.encode(data)) == data


@pytest.mark.parametrize(("text", "data"), [("BB8", b"AB"), ("%69 VD92EX0", b"Hello!!"), ("UJCLQE7W581", b"base-45")])
def test_base45_has_the_standards_own_examples(text: str, data: bytes) -> None:
    assert (base45.encode(data), base45.decode(text)) == (text, data)  # RFC 9285 sections 4.3 and 4.4


@pytest.mark.parametrize("text", ["GGW1", ":::", "GGX", "A", "::", "a00"])
def test_base45_refuses_what_no_encoder_writes(text: str) -> None:
    with pytest.raises(ValueError, match="Base45"):
        base45.decode(text)


@pytest.mark.case("QR-14")
@given(st.binary(min_size=16, max_size=16), st.binary(min_size=8, max_size=8), st.integers(-25, 85))
def test_a_verifier_written_from_the_format_alone_agrees(subject: bytes, code_id: bytes, after: int) -> None:
    text = parking_code(code_id=code_id, subject=subject)
    expected = reason(text, after=after) or (subject, int(NOW.timestamp()), code_id)
    assert reason_by_the_page_alone(text, after) == expected


def test_another_implementation_of_cose_reads_and_writes_it() -> None:
    key = OKPKey(crv="ED25519", x=PARKING.public_key().public_bytes_raw(), d=PARKING.private_bytes_raw())
    theirs = Sign1Message.from_cose_obj(cbor2.loads(RAW), allow_unknown_attributes=False)
    theirs.key = key
    theirs.external_aad = pass_codes.AAD  # type: ignore[misc]  # their setter is not typed
    assert theirs.verify_signature()
    assert cose.read(RAW).signature == theirs.compute_signature()
