"""A sealed field opens in its place alone, and in nobody's log."""

import logging
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kernel.crypto.errors import SealedDataError, UnknownKeyError
from kernel.crypto.fields import DataKey, FieldCipher
from kernel.crypto.suite import GM, INTL, Suite

OLD = DataKey("000000a1", INTL, b"\1" * 32)
NEW = DataKey("000000b2", INTL, b"\2" * 32)
NATIONAL = DataKey("000000c3", GM, b"\3" * 16)
KEYS = {key.key_id: key for key in (OLD, NEW, NATIONAL)}
PERSON = "330102199001011233"
ROW = UUID("0198d7a8-7d5a-7000-8000-000000000001")

either = pytest.mark.parametrize("suite", [INTL, GM], ids=["intl", "gm"])
columns = st.text(min_size=1)
places = st.tuples(columns, st.text())
ciphers = st.sampled_from([FieldCipher(KEYS, key_id) for key_id in KEYS])


def cipher_of(suite: Suite) -> FieldCipher:
    return FieldCipher(KEYS, NATIONAL.key_id if suite is GM else NEW.key_id)


@given(ciphers, columns, st.text(), st.text())
def test_what_was_sealed_opens_in_its_place(cipher: FieldCipher, column: str, row: str, text: str) -> None:
    assert cipher.open(column, row, cipher.seal(column, row, text)) == text


@given(ciphers, places, places, st.text())
def test_a_value_moved_to_another_row_or_column_does_not_open(
    cipher: FieldCipher, here: tuple[str, str], there: tuple[str, str], text: str
) -> None:
    assume(here != there)
    sealed = cipher.seal(*here, text)
    with pytest.raises(SealedDataError, match="it was changed, or belongs to another row or column"):
        cipher.open(*there, sealed)


@given(ciphers, st.text(), st.data())
def test_a_value_with_any_bit_changed_does_not_open(cipher: FieldCipher, text: str, data: st.DataObject) -> None:
    sealed = bytearray(cipher.seal("account.name", ROW, text))
    at = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[at // 8] ^= 1 << at % 8
    with pytest.raises(SealedDataError):
        cipher.open("account.name", ROW, bytes(sealed))


@given(ciphers, st.data())
def test_a_value_cut_or_lengthened_does_not_open(cipher: FieldCipher, data: st.DataObject) -> None:
    sealed = cipher.seal("account.name", ROW, "text")
    shorter = sealed[: data.draw(st.integers(0, len(sealed) - 1))]
    for changed in (shorter, sealed + data.draw(st.binary(min_size=1))):
        with pytest.raises(SealedDataError):
            cipher.open("account.name", ROW, changed)


@given(st.binary())
def test_no_bytes_make_it_fail_otherwise(anything: bytes) -> None:
    with pytest.raises(SealedDataError):
        FieldCipher(KEYS, NEW.key_id).open("account.name", ROW, anything)


@given(st.sampled_from(list(KEYS)), st.sampled_from(list(KEYS)), st.text())
def test_both_suites_and_all_keys_are_read_at_once(first: str, then: str, text: str) -> None:
    before, after = FieldCipher(KEYS, first), FieldCipher(KEYS, then)
    sealed = before.seal("account.name", ROW, text)
    assert after.open("account.name", ROW, sealed) == text
    assert after.needs_rotation(sealed) == (first != then)
    again = after.seal("account.name", ROW, after.open("account.name", ROW, sealed))
    assert (after.needs_rotation(again), before.open("account.name", ROW, again)) == (False, text)


def test_an_unknown_key_is_named() -> None:
    sealed = FieldCipher(KEYS, NEW.key_id).seal("account.name", ROW, PERSON)
    with pytest.raises(UnknownKeyError, match=r"the data key 000000b2 is not in the key file") as raised:
        FieldCipher({OLD.key_id: OLD}, OLD.key_id).open("account.name", ROW, sealed)
    assert (raised.value.key_id, raised.value.column, raised.value.row_id) == ("000000b2", "account.name", str(ROW))


def test_a_key_used_by_the_other_suite_is_refused() -> None:
    sealed = cipher_of(INTL).seal("account.name", ROW, "text")
    with pytest.raises(SealedDataError, match="its version is not that of the data key 000000b2"):
        cipher_of(INTL).open("account.name", ROW, b"\2" + sealed[1:])


@either
def test_the_layout_is_the_documented_one(suite: Suite) -> None:
    cipher = FieldCipher(KEYS, cipher_of(suite).prefix[1:].hex(), random=lambda count: b"\7" * count)
    sealed = cipher.seal("account.name", ROW, "text")
    assert sealed[:17] == bytes([suite.version]) + bytes.fromhex(cipher.prefix[1:].hex()) + b"\7" * 12
    assert len(sealed) == 1 + 4 + 12 + len("text") + 16


def test_a_uuid_and_its_text_are_the_same_row() -> None:
    cipher = cipher_of(INTL)
    assert cipher.open("account.name", str(ROW), cipher.seal("account.name", ROW, "text")) == "text"


@either
def test_equal_texts_are_sealed_differently_each_time(suite: Suite) -> None:
    cipher = cipher_of(suite)
    assert len({cipher.seal("account.name", ROW, "text") for _ in range(1000)}) == 1000


@either
def test_threads_share_a_cipher(suite: Suite) -> None:
    cipher = cipher_of(suite)

    def work(number: int) -> bool:
        column, row = f"t.c{number % 7}", str(number)
        return cipher.open(column, row, cipher.seal(column, row, row)) == row

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(work, range(2000)))


@either
def test_neither_text_nor_key_is_in_a_repr_an_error_or_a_log(suite: Suite, caplog: pytest.LogCaptureFixture) -> None:
    cipher = cipher_of(suite)
    sealed = cipher.seal("account.id_number", ROW, PERSON)
    assert PERSON.encode() not in sealed
    shown = repr(cipher) + repr(list(KEYS.values())) + str(NATIONAL)
    for column, changed in (("account.phone", sealed), ("account.id_number", sealed[:-1] + b"\0")):
        with pytest.raises(SealedDataError) as raised:
            cipher.open(column, ROW, changed)
        logging.getLogger("test").error("refused", exc_info=raised.value)
        shown += raised.value.message + raised.value.fix + repr(raised.value)
    assert str(ROW) not in shown
    shown += caplog.text
    for key in KEYS.values():
        assert repr(key.key) not in shown
        assert key.key.hex() not in shown
    assert PERSON not in shown


@pytest.mark.parametrize("key_id", ["", "a1", "000000a1b2"])
def test_a_key_id_of_another_length_is_refused(key_id: str) -> None:
    with pytest.raises(ValueError, match="8 hexadecimal digits"):
        DataKey(key_id, INTL, bytes(32))
