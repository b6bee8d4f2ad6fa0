"""The key file: data keys, one of them current, and the index key, each wrapped by the key-encryption key.

In production the key-encryption key comes from outside (``YIWANG_KEY_ENCRYPTION_KEY``), so the file alone opens
nothing; in development there is none, and the file, readable by its owner only, holds the keys as they are.
"""

import contextlib
import json
import os
import secrets
from base64 import b64decode, b64encode
from pathlib import Path

import msgspec
from msgspec import Struct

from kernel.crypto.blind_index import BlindIndex
from kernel.crypto.errors import KeyFileError, SealBrokenError
from kernel.crypto.fields import DataKey, FieldCipher
from kernel.crypto.suites import NONCE_BYTES, SUITES
from kernel.settings import Settings, state_path, variable

_INDEX = "index"
_VARIABLE = variable("key_file")


class _StoredKey(Struct, frozen=True, forbid_unknown_fields=True):
    """One wrapped key. ``wrapped`` is base64 of nonce, ciphertext and tag; of the key itself without a KEK."""

    id: str
    suite: str
    wrapped: str


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    current: str
    data_keys: list[_StoredKey]
    index_key: _StoredKey
    encrypted: bool


class Keys(Struct, frozen=True):
    """What processes do with the keys."""

    fields: FieldCipher
    index: BlindIndex


def open_keys(settings: Settings) -> Keys:
    """Read the key file. Raises KeyFileError."""
    path, kek = key_path(settings), _kek(settings)
    file = _read(path)
    if file.encrypted != bool(kek):
        fix = "Set it." if file.encrypted else "Leave it unset, or make a new file."
        raise KeyFileError(f"The key file {path} and {variable('key_encryption_key')} do not fit", fix=fix)
    keys = {each.id: DataKey(each.id, each.suite, _unwrap(each, kek)) for each in file.data_keys}
    index = BlindIndex(SUITES[file.index_key.suite], _unwrap(file.index_key, kek))
    return Keys(FieldCipher(keys, file.current), index)


def key_path(settings: Settings) -> Path:
    """Return where the key file is. Raises KeyFileError if none is named."""
    if not settings.key_file:
        raise KeyFileError("No key file is named", fix=f"Make one with `yiwang keys create`; name it by {_VARIABLE}.")
    return Path(settings.key_file)


def for_development(settings: Settings) -> Path:
    """Return the key file that stands beside the embedded database, made at first use."""
    path = state_path(settings) / "keys.json"
    with contextlib.suppress(FileExistsError):
        create(path, settings.cipher_suite, _kek(settings))
    return path


def create(path: Path, suite: str, kek: bytes) -> None:
    """Make a key file with one data key. Raises FileExistsError rather than losing one."""
    if path.exists():
        raise FileExistsError(path)
    key = _made(secrets.token_hex(4), suite, kek)
    file = _File(key.id, [key], _made(_INDEX, suite, kek), encrypted=bool(kek))
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{secrets.token_hex(4)}")
    _write(temporary, file)
    try:
        os.link(temporary, path)  # unlike a rename it never takes another's place
    finally:
        temporary.unlink()


def add_data_key(settings: Settings) -> str:
    """Add a data key and make it current; the others go on opening. Return its id."""
    path, kek = key_path(settings), _kek(settings)
    file = _read(path)
    key = _made(secrets.token_hex(4), settings.cipher_suite, kek)
    temporary = path.with_suffix(f".{secrets.token_hex(4)}")
    _write(temporary, msgspec.structs.replace(file, current=key.id, data_keys=[*file.data_keys, key]))
    temporary.replace(path)
    return key.id


def _write(path: Path, file: _File) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:  # noqa: PTH123 - the mode is given at creation
        json.dump(msgspec.to_builtins(file), stream, indent=2)
        stream.flush()
        os.fsync(stream.fileno())


def _read(path: Path) -> _File:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_File)
    except (OSError, msgspec.DecodeError) as error:
        raise KeyFileError(f"The key file {path} is missing or broken", fix="Restore it from its backup.") from error


def _kek(settings: Settings) -> bytes:
    try:
        kek = b64decode(settings.key_encryption_key, validate=True)
    except ValueError:
        kek = b"\0"
    if len(kek) not in (0, 32):
        raise KeyFileError(
            f"{variable('key_encryption_key')} is not the base64 of 32 bytes", fix="Make one: openssl rand -base64 32"
        )
    return kek


def _made(id_: str, suite: str, kek: bytes) -> _StoredKey:
    secret = secrets.token_bytes(32)
    return _StoredKey(id_, suite, b64encode(_wrap(id_, suite, secret, kek)).decode())


def _wrap(id_: str, suite: str, secret: bytes, kek: bytes) -> bytes:
    if not kek:
        return secret
    nonce = os.urandom(NONCE_BYTES)
    used = SUITES[suite]
    return nonce + used.seal(used.derive(kek, b"yiwang wrap"), nonce, secret, f"{id_} {suite}".encode())


def _unwrap(stored: _StoredKey, kek: bytes) -> bytes:
    try:
        wrapped, used = b64decode(stored.wrapped, validate=True), SUITES[stored.suite]
        if not kek:
            return wrapped
        bound = f"{stored.id} {stored.suite}".encode()
        return used.open(used.derive(kek, b"yiwang wrap"), wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], bound)
    except (ValueError, KeyError, SealBrokenError) as error:
        raise KeyFileError(
            f"The key {stored.id} of the key file cannot be unwrapped", fix=f"Check {variable('key_encryption_key')}."
        ) from error
