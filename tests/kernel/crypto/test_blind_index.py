"""Equal people have equal indexes however they write their numbers; no number is in an error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.crypto.blind_index import INDEX_BYTES, BlindIndex, normal_id_number, normal_phone
from kernel.crypto.errors import IdNumberError, PhoneNumberError
from kernel.crypto.suite import GM, INTL, Suite

ID_NUMBER = "11010519491231002X"  # the example of GB 11643-1999


@pytest.mark.parametrize("suite", [INTL, GM], ids=["intl", "gm"])
def test_an_index_depends_on_column_key_and_text(suite: Suite) -> None:
    one, other = BlindIndex(suite, b"\1" * 32), BlindIndex(suite, b"\2" * 32)
    index = one.index("account.phone", "+8613800138000")
    assert len(index) == INDEX_BYTES == 16
    assert index == BlindIndex(suite, b"\1" * 32).index("account.phone", "+8613800138000")
    others = {
        one.index("account.phone", "+8613800138001"),
        one.index("account.contact", "+8613800138000"),
        other.index("account.phone", "+8613800138000"),
    }
    assert len(others | {index}) == 4


def test_an_index_shows_no_key() -> None:
    assert "01" * 4 not in repr(BlindIndex(INTL, b"\1" * 32))


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("13800138000", "+8613800138000"),
        ("138 0013-8000", "+8613800138000"),
        ("+86 138 0013 8000", "+8613800138000"),
        ("0086 13800138000", "+8613800138000"),
        ("(+86)138·0013·8000", "+8613800138000"),
        ("１３８００１３８０００", "+8613800138000"),
        ("＋８６１３８００１３８０００", "+8613800138000"),
        ("0571-8888 8888", "+8657188888888"),
        ("+86 571 8888 8888", "+8657188888888"),
        ("+86 (0571) 8888 8888", "+8657188888888"),
        ("010 6552 9988", "+861065529988"),
        ("+86 10 6552 9988", "+861065529988"),
        ("021-6552 9988", "+862165529988"),
        ("0931 234 5678", "+869312345678"),
        ("+852 2345 6789", "+85223456789"),
        ("00886 2 2345 6789", "+886223456789"),
        ("+1 212 555 0123", "+12125550123"),
    ],
)
def test_a_phone_number_has_one_form(text: str, normal: str) -> None:
    assert normal_phone(text) == normal
    assert normal_phone(normal) == normal


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "something other than digits"),
        ("+", "something other than digits"),
        ("13800138000 转 2", "something other than digits"),
        ("1380013800", "has 11 digits"),
        ("138001380000", "has 11 digits"),
        ("+86 1380013800", "has 11 digits"),
        ("12800138000", "neither a mobile number"),
        ("8613800138000", "neither a mobile number"),
        ("88888888", "neither a mobile number"),
        ("4008123123", "neither a mobile number"),
        ("12345", "neither a mobile number"),
        ("0571-123", "neither a mobile number"),
        ("+852 234", "7 to 15 digits"),
        ("+0 2345 6789", "7 to 15 digits"),
        ("+1234567890123456", "7 to 15 digits"),
    ],
)
def test_what_cannot_be_dialled_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(PhoneNumberError, match=why) as raised:
        normal_phone(text)
    assert raised.value.fix
    assert not text.strip("+") or text not in raised.value.message + raised.value.fix


@given(st.text())
def test_no_text_makes_a_phone_number_fail_otherwise(text: str) -> None:
    try:
        normal = normal_phone(text)
    except PhoneNumberError:
        return
    assert normal_phone(normal) == normal


@pytest.mark.parametrize(
    "text",
    [
        ID_NUMBER,
        "11010519491231002x",
        " 110105 19491231 002X ",
        "１１０１０５１９４９１２３１００２ｘ",
        "110105-19491231-002X",
    ],
)
def test_an_id_number_has_one_form(text: str) -> None:
    assert normal_id_number(text) == ID_NUMBER


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "17 digits"),
        ("1101051949123100", "17 digits"),
        ("X1010519491231002X", "17 digits"),
        ("01010519491231002X", "17 digits"),
        ("110105194912310021", "last character does not fit"),
        ("110105194902310026", "date of birth is no date"),
        ("110105194913010020", "date of birth is no date"),
        ("110105491231002", "15 digits, which is no longer valid"),
    ],
)
def test_what_is_no_id_number_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(IdNumberError, match=why) as raised:
        normal_id_number(text)
    assert raised.value.fix
    assert raised.value.__cause__ is None
    assert not text or text not in raised.value.message + raised.value.fix


@given(st.integers(0, 16), st.integers(1, 9))
def test_any_single_mistyped_digit_is_found(at: int, by: int) -> None:
    wrong = ID_NUMBER[:at] + str((int(ID_NUMBER[at]) + by) % 10) + ID_NUMBER[at + 1 :]
    with pytest.raises(IdNumberError):
        normal_id_number(wrong)


@given(st.integers(0, 15))
def test_neighbours_that_changed_places_are_found(at: int) -> None:
    wrong = ID_NUMBER[:at] + ID_NUMBER[at + 1] + ID_NUMBER[at] + ID_NUMBER[at + 2 :]
    if wrong != ID_NUMBER:
        with pytest.raises(IdNumberError):
            normal_id_number(wrong)


@given(st.text())
def test_no_text_makes_an_id_number_fail_otherwise(text: str) -> None:
    try:
        normal = normal_id_number(text)
    except IdNumberError:
        return
    assert normal_id_number(normal) == normal
