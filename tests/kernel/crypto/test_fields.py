"""Sealed fields open in their own place only; indexes find them; keys come and go."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.crypto.blind_index import BlindIndex, normal_id_number, normal_phone
from kernel.crypto.errors import KeyFileError, NotNormalError, SealBrokenError
from kernel.crypto.fields import DataKey, FieldCipher
from kernel.crypto.keys import add_data_key, create, for_development, key_path, open_keys
from kernel.crypto.suites import GM, INTL
from kernel.ids import uuid7
from kernel.settings import Settings

OLD, NEW = DataKey("00000001", "intl", b"1" * 32), DataKey("00000002", "gm", b"2" * 32)
KEK = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


@given(st.text(max_size=200))
def test_what_is_sealed_opens_in_its_own_place_only(text: str) -> None:
    cipher, row = FieldCipher({OLD.id: OLD}, OLD.id), uuid7()
    sealed = cipher.seal("account.name", row, text)
    assert cipher.open("account.name", row, sealed) == text
    for column, elsewhere in (("account.name", uuid7()), ("identity.value", row)):
        with pytest.raises(SealBrokenError):
            cipher.open(column, elsewhere, sealed)


def test_equal_texts_are_sealed_differently() -> None:
    cipher = FieldCipher({OLD.id: OLD}, OLD.id)
    assert cipher.seal("account.name", "1", "王秀英") != cipher.seal("account.name", "1", "王秀英")


def test_a_new_key_of_another_suite_seals_and_the_old_one_still_opens() -> None:
    before = FieldCipher({OLD.id: OLD}, OLD.id)
    after = FieldCipher({OLD.id: OLD, NEW.id: NEW}, NEW.id)
    sealed = before.seal("account.name", "1", "李伟")
    assert after.open("account.name", "1", sealed) == "李伟"
    assert not after.is_current(sealed)
    assert after.is_current(after.seal("account.name", "1", "李伟"))
    with pytest.raises(SealBrokenError, match="not in the key file"):
        before.open("account.name", "1", after.seal("account.name", "1", "李伟"))


@pytest.mark.parametrize("sealed", [b"", b"\1", b"\1\0\0\0\1", b"\2\0\0\0\1" + b"x" * 40, b"\1\0\0\0\1" + b"x" * 40])
def test_rubbish_is_refused(sealed: bytes) -> None:
    with pytest.raises(SealBrokenError):
        FieldCipher({OLD.id: OLD}, OLD.id).open("account.name", "1", sealed)


def test_no_secret_is_shown() -> None:
    shown = f"{OLD!r} {BlindIndex(INTL, b'secret')!r} {FieldCipher({OLD.id: OLD}, OLD.id)!r}"
    assert "1111" not in shown
    assert "secret" not in shown


def test_an_index_is_of_one_column_and_16_bytes() -> None:
    index = BlindIndex(INTL, b"i" * 32)
    assert index.index("phone", "+8613900000001") == index.index("phone", "+8613900000001")
    assert index.index("phone", "1") != index.index("id_number", "1") != BlindIndex(GM, b"i" * 32).index("phone", "1")
    assert len(index.index("phone", "1")) == 16


@pytest.mark.parametrize(
    "text", ["13900000001", "+86 139 0000 0001", "0086-139-0000-0001", "+8613900000001", "１３９００００００01"]
)
def test_a_phone_number_has_one_normal_form(text: str) -> None:
    assert normal_phone(text) == "+8613900000001"


@pytest.mark.parametrize("text", ["", "12345", "23900000001", "+8612345678901", "+8602112345678", "139 0000 0001x"])
def test_what_is_no_phone_number_is_refused(text: str) -> None:
    with pytest.raises(NotNormalError) as refused:
        normal_phone(text)
    assert not text or text not in f"{refused.value.message} {refused.value.fix}"


def test_an_id_number_has_one_normal_form() -> None:
    assert (
        normal_id_number("110105 19491231 002x") == normal_id_number("１１０１０５19491231002X") == "11010519491231002X"
    )


@pytest.mark.parametrize("text", ["110105194912310021", "110105491231002", "11010519491331002X", "110105194912", ""])
def test_what_is_no_id_number_is_refused(text: str) -> None:
    with pytest.raises(NotNormalError):
        normal_id_number(text)


def settings(folder: Path, **more: Any) -> Settings:
    """The settings of a machine with an embedded database, whose key file is made."""
    given_settings = Settings(state_dir=str(folder), **more)
    return msgspec.structs.replace(given_settings, key_file=str(for_development(given_settings)))


def test_a_key_file_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    sealed = open_keys(settings(tmp_path / "state")).fields.seal("account.name", "1", "张敏")
    assert open_keys(settings(tmp_path / "state")).fields.open("account.name", "1", sealed) == "张敏"
    assert key_path(settings(tmp_path / "state")).stat().st_mode & 0o777 == 0o600


def test_a_missing_key_file_is_never_made_by_itself(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="missing"):
        open_keys(Settings(key_file=str(tmp_path / "k.json")))
    with pytest.raises(KeyFileError, match="No key file"):
        open_keys(Settings())
    with pytest.raises(FileExistsError):
        create(key_path(settings(tmp_path)), "intl", b"")


@pytest.mark.parametrize("suite", ["intl", "gm"])
def test_with_a_key_encryption_key_the_file_alone_opens_nothing(tmp_path: Path, suite: str) -> None:
    wrapped = settings(tmp_path, key_encryption_key=KEK, cipher_suite=suite)
    sealed = open_keys(wrapped).fields.seal("account.name", "1", "陈小雨")
    for wrong in ("", KEK.replace("A", "B", 1), "rubbish"):
        with pytest.raises(KeyFileError):
            open_keys(msgspec.structs.replace(wrapped, key_encryption_key=wrong))
    assert open_keys(wrapped).fields.open("account.name", "1", sealed) == "陈小雨"


def test_an_added_key_is_current_and_the_old_one_opens(tmp_path: Path) -> None:
    given_settings = settings(tmp_path, key_encryption_key=KEK)
    sealed = open_keys(given_settings).fields.seal("account.name", "1", "王秀英")
    add_data_key(msgspec.structs.replace(given_settings, cipher_suite="gm"))
    now = open_keys(given_settings).fields
    assert now.open("account.name", "1", sealed) == "王秀英"
    assert not now.is_current(sealed)


def test_a_broken_key_file_says_which(tmp_path: Path) -> None:
    settings(tmp_path)
    (tmp_path / "keys.json").write_text("{")
    with pytest.raises(KeyFileError, match=r"keys\.json"):
        open_keys(settings(tmp_path))
