"""The key file: made once, never in place of another, changed without losing a key, and silent about its secrets."""

import logging
import stat
import subprocess
import sys
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from kernel.clock import ManualClock
from kernel.crypto import key_file, keys
from kernel.crypto.errors import KeyFileError, UnknownKeyError
from kernel.crypto.suite import GM, INTL, Suite
from kernel.crypto.wrapping import LocalWrapper
from kernel.settings import Settings

REPOSITORY = Path(__file__).parents[3]
CLOCK = ManualClock(datetime(2027, 1, 2, 3, 4, tzinfo=UTC))
SECRET, OTHER_SECRET = (b64encode(bytes([n]) * 32).decode() for n in (1, 2))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A deployment that brings its own keys."""
    return Settings(
        database_url="postgresql://db/yiwang",
        key_file=str(tmp_path / "keys" / "yiwang.json"),
        key_encryption_key=SECRET,
    )


def with_(settings: Settings, **changes: str) -> Settings:
    return msgspec.structs.replace(settings, **changes)


def test_in_development_a_file_is_made_at_first_use_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    development = Settings(state_dir=str(tmp_path / "state"))
    sealed = keys.open_keys(development).cipher.seal("account.name", "1", "text")
    assert "production brings its own" in caplog.text
    caplog.clear()
    assert keys.open_keys(development).cipher.open("account.name", "1", sealed) == "text"
    assert caplog.text == ""
    path = tmp_path / "state" / "keys.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["keys.json"]


@pytest.mark.parametrize("named", ["database_url", "key_file"])
def test_where_a_database_or_a_file_is_named_none_is_made(tmp_path: Path, named: str) -> None:
    value = str(tmp_path / "yiwang.json") if named == "key_file" else "postgresql://db/yiwang"
    with pytest.raises(KeyFileError, match=r"^YIWANG_KEY_FILE: there is no key file .*yiwang keys create"):
        keys.open_keys(with_(Settings(state_dir=str(tmp_path)), **{named: value}))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suite", [INTL, GM], ids=["intl", "gm"])
def test_what_one_process_seals_another_opens(settings: Settings, suite: Suite) -> None:
    keys.create_key_file(settings, CLOCK, suite.name)
    one, other = keys.open_keys(settings), keys.open_keys(settings)
    sealed = one.cipher.seal("account.name", "1", "text")
    assert sealed[0] == suite.version
    assert other.cipher.open("account.name", "1", sealed) == "text"
    assert one.index.index("account.phone", "x") == other.index.index("account.phone", "x")


def test_another_file_is_never_made_in_its_place(settings: Settings) -> None:
    path = keys.create_key_file(settings, CLOCK)
    before = path.read_bytes()
    with pytest.raises(KeyFileError, match="is there already; to add a key: yiwang keys new-data-key"):
        keys.create_key_file(settings, CLOCK)
    assert path.read_bytes() == before


def test_processes_that_start_together_share_one_file(tmp_path: Path) -> None:
    program = (
        "import sys; from kernel.crypto.keys import open_keys; from kernel.settings import Settings;"
        "print(open_keys(Settings(state_dir=sys.argv[1])).cipher.prefix.hex())"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]

    def start(_: int) -> str:
        return subprocess.run(command, check=True, capture_output=True, text=True, cwd=REPOSITORY).stdout  # noqa: S603 - ourselves

    with ThreadPoolExecutor(4) as threads:
        assert len(set(threads.map(start, range(4)))) == 1


def test_a_new_data_key_opens_before_it_seals(settings: Settings) -> None:
    keys.create_key_file(settings, CLOCK)
    before = keys.open_keys(settings).cipher
    new = keys.add_data_key(settings, CLOCK, "gm")
    after_adding = keys.open_keys(settings).cipher
    assert after_adding.prefix == before.prefix
    assert keys.seal_with_newest(settings) == new.id
    sealing = keys.open_keys(settings).cipher
    sealed = sealing.seal("account.name", "1", "text")
    assert sealed[:5] == bytes([GM.version]) + bytes.fromhex(new.id)
    assert after_adding.open("account.name", "1", sealed) == "text"
    with pytest.raises(UnknownKeyError, match=new.id):
        before.open("account.name", "1", sealed)
    assert sealing.open("account.name", "1", before.seal("account.name", "1", "old")) == "old"
    assert keys.add_data_key(settings, CLOCK).suite == "gm"


def test_keys_added_at_once_are_all_kept(settings: Settings) -> None:
    keys.create_key_file(settings, CLOCK)
    program = (
        "import os, sys, msgspec; from kernel.clock import SystemClock; from kernel.crypto.keys import add_data_key;"
        "from kernel.settings import load; print(add_data_key(load(), SystemClock()).id)"
    )
    environment = {"YIWANG_KEY_FILE": settings.key_file, "YIWANG_KEY_ENCRYPTION_KEY": SECRET}

    def start(_: int) -> str:
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=REPOSITORY, env=environment)  # noqa: S603 - ourselves
        return done.stdout.strip()

    with ThreadPoolExecutor(4) as threads:
        added = set(threads.map(start, range(4)))
    assert added < {key.id for key in keys.described(settings).data_keys}


def test_another_secret_opens_nothing_and_adds_nothing(settings: Settings) -> None:
    path = keys.create_key_file(settings, CLOCK)
    before = path.read_bytes()
    wrong = with_(settings, key_encryption_key=OTHER_SECRET)
    with pytest.raises(KeyFileError, match=r"data key \w+ does not open with this key-encryption key"):
        keys.open_keys(wrong)
    with pytest.raises(KeyFileError, match="does not open"):
        keys.add_data_key(wrong, CLOCK)
    with pytest.raises(KeyFileError, match=r"^YIWANG_KEY_ENCRYPTION_KEY: the keys in .* are wrapped"):
        keys.open_keys(with_(settings, key_encryption_key=""))
    assert path.read_bytes() == before


@pytest.mark.parametrize("secret", ["hunter2", "aHVudGVyMg==", "é" * 44])
def test_a_secret_of_another_form_is_not_quoted(settings: Settings, secret: str) -> None:
    with pytest.raises(KeyFileError, match=r"^YIWANG_KEY_ENCRYPTION_KEY: 32 random bytes") as raised:
        keys.create_key_file(with_(settings, key_encryption_key=secret), CLOCK)
    assert secret not in str(raised.value)


def test_a_secret_beside_a_file_that_holds_its_own_is_refused_until_rewrapped(settings: Settings) -> None:
    path = keys.create_key_file(with_(settings, key_encryption_key=""), CLOCK)
    sealed = keys.open_keys(with_(settings, key_encryption_key="")).cipher.seal("account.name", "1", "text")
    with pytest.raises(KeyFileError, match=r"protects nothing: yiwang keys rewrap"):
        keys.open_keys(settings)
    assert "key_encryption_key" in path.read_text()
    assert keys.rewrap(settings) == 2
    assert "key_encryption_key" not in path.read_text()
    assert keys.open_keys(settings).cipher.open("account.name", "1", sealed) == "text"
    assert keys.rewrap(with_(settings, key_encryption_key=OTHER_SECRET), SECRET) == 2
    assert keys.open_keys(with_(settings, key_encryption_key=OTHER_SECRET)).cipher.open("account.name", "1", sealed)
    with pytest.raises(KeyFileError, match="does not open"):
        keys.rewrap(settings, SECRET)


def test_a_key_cannot_take_anothers_place(settings: Settings) -> None:
    path = keys.create_key_file(settings, CLOCK)
    second = keys.add_data_key(settings, CLOCK)
    file = key_file.read(path)
    moved = msgspec.structs.replace(file.data_keys[0], wrapped=second.wrapped)
    key_file.replace(path, msgspec.structs.replace(file, data_keys=(moved, second)))
    with pytest.raises(KeyFileError, match=f"the data key {moved.id} does not open"):
        keys.open_keys(settings)


@pytest.mark.parametrize("wrapped", [b"", b"\1", b"\1" + bytes(5), b"\x09" + bytes(60), b"\2" + bytes(20)])
def test_what_is_no_wrapped_key_is_refused(wrapped: bytes) -> None:
    with pytest.raises(KeyFileError, match="the data key x does not open"):
        LocalWrapper(bytes(32), INTL).unwrap("data key x", wrapped)


def test_a_file_that_everybody_may_use_is_refused(settings: Settings) -> None:
    path = keys.create_key_file(settings, CLOCK)
    path.chmod(0o644)
    with pytest.raises(KeyFileError, match=f"chmod 600 {path}"):
        keys.open_keys(settings)
    path.chmod(0o440)  # as container engines mount secrets
    keys.open_keys(settings)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: text[:-20], "is no key file"),
        (lambda text: text.replace('"format": 1', '"format": 2'), "has format 2, this release reads 1"),
        (lambda text: text.replace('"sealing": "', '"sealing": "x'), "lacks its data key x"),
        (lambda text: text.replace('"suite": "intl"', '"suite": "des"'), "is no key file"),
        (lambda _: "", "is no key file"),
    ],
)
def test_a_damaged_file_says_so(settings: Settings, change: object, why: str) -> None:
    path = keys.create_key_file(settings, CLOCK)
    assert callable(change)
    path.write_text(change(path.read_text()))
    with pytest.raises(KeyFileError, match=rf"^YIWANG_KEY_FILE: .*{why}"):
        keys.open_keys(settings)


def test_a_service_may_wrap_instead(settings: Settings, tmp_path: Path) -> None:
    """What a key management service would do, as far as this process sees."""

    class Service:
        asked: list[str]

        def __init__(self) -> None:
            self.asked = []
            self._inside = LocalWrapper(b"\1" * 32, INTL)

        def wrap(self, label: str, key: bytes) -> bytes:
            return self._inside.wrap(label, key)

        def unwrap(self, label: str, wrapped: bytes) -> bytes:
            self.asked.append(label.rpartition(" ")[0])
            return self._inside.unwrap(label, wrapped)

    keys.create_key_file(settings, CLOCK)
    service = Service()
    opened = keys.open_keys(with_(settings, key_encryption_key=""), service)
    assert service.asked == ["data key"]  # the index key only where people are looked up
    assert opened.index is opened.index
    assert service.asked == ["data key", "index key"]


def test_no_secret_is_in_a_repr_an_error_or_a_log(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    path = keys.create_key_file(with_(settings, key_encryption_key=""), CLOCK)
    with caplog.at_level(logging.DEBUG):
        opened = keys.open_keys(with_(settings, key_encryption_key=""))
        file = key_file.read(path)
        shown = f"{settings!r}{opened!r}{vars(opened)!r}{file!r}{caplog.text}"
        wrapper = LocalWrapper(b"\1" * 32, INTL)
        shown += repr(wrapper)
    for secret in (SECRET, file.key_encryption_key, repr(b"\1" * 32)[2:-1]):
        assert secret
        assert secret not in shown
