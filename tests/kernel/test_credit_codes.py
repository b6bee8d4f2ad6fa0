"""Unified social credit codes: only real ones pass, however they are typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.credit_codes import CreditCodeError, normal_credit_code

REAL = ("91350100M000100Y43", "9144030071526726XG", "91330100799655058B")


@pytest.mark.parametrize("code", REAL)
def test_real_codes_pass_however_they_are_typed(code: str) -> None:
    wide = "".join(chr(ord(each) + 0xFEE0) for each in code)
    for typed in (code, f" {code.lower()}\n", f"{code[:8]} {code[8:]}", wide):
        assert normal_credit_code(typed) == code


@pytest.mark.parametrize(
    "text",
    ["", "91350100M000100Y4", "91350100M000100Y430", "91350100M000100Y44", "9135O100M000100Y43", "９" * 17, "x" * 18],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(CreditCodeError):
        normal_credit_code(text)


@given(st.sampled_from(REAL), st.integers(0, 17), st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXY"))
def test_one_mistyped_character_is_always_found(code: str, place: int, character: str) -> None:
    typed = code[:place] + character + code[place + 1 :]
    if typed != code:
        with pytest.raises(CreditCodeError):
            normal_credit_code(typed)
