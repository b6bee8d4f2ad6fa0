"""The operator's purposes stand beside the platform's own."""

from pathlib import Path

import msgspec
import pytest

from auth.consents.errors import PurposeInvalidError
from auth.consents.purposes import PLATFORM
from auth.consents.registered import read_purposes

HEALTH = {
    "id": "health-records",
    "version": 1,
    "title": {"zh": "健康档案", "en": "Health records"},
    "text": {"zh": "用于就诊。", "en": "For your treatment."},
    "fields": ["records"],
    "legal_basis": "consent",
    "retention": "P365D",
}


def test_a_file_adds_to_the_platform_s_own(tmp_path: Path) -> None:
    file = tmp_path / "purposes.json"
    file.write_bytes(msgspec.json.encode([HEALTH, HEALTH | {"version": 2}]))
    purposes = read_purposes(str(file))
    assert purposes.current("health-records").version == 2
    assert purposes.current("health-records").retention.days == 365
    assert purposes.current(PLATFORM[0].id) == PLATFORM[0]
    assert read_purposes("").current(PLATFORM[0].id) == PLATFORM[0]


@pytest.mark.parametrize(
    "text",
    [b"{}", b'[{"id": 1}]', msgspec.json.encode([HEALTH | {"version": 2}]), msgspec.json.encode([HEALTH, HEALTH])],
)
def test_what_is_not_complete_or_not_in_order_is_refused(tmp_path: Path, text: bytes) -> None:
    file = tmp_path / "purposes.json"
    file.write_bytes(text)
    with pytest.raises(PurposeInvalidError):
        read_purposes(str(file))


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(PurposeInvalidError, match="cannot be read"):
        read_purposes(str(tmp_path / "none.json"))


def test_the_platform_has_one_name() -> None:
    assert PLATFORM[0].title.zh == "登录一网"  # as the pages' brand, and not "一网通办" beside it
