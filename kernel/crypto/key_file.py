"""The key file: JSON, readable by its owner, whole or not there, changed by one process at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from kernel.crypto.errors import KeyFileError
from kernel.crypto.suite import SuiteName

FORMAT = 1
_OTHERS = 0o007


class StoredKey(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One key, wrapped (``kernel.crypto.wrapping``)."""

    id: str
    created: datetime
    suite: SuiteName
    wrapped: bytes  # base64 in the file


class KeyFile(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What the file holds. ``sealing`` is the data key that new values are sealed with; all others only open.

    ``key_encryption_key`` is there in development only: then whoever has the file has the keys.
    """

    format: int
    key_encryption_key: str = ""
    sealing: str
    data_keys: tuple[StoredKey, ...]
    index_key: StoredKey

    def __repr__(self) -> str:
        return f"KeyFile(sealing={self.sealing!r}, data_keys={[key.id for key in self.data_keys]})"


def read(path: Path) -> KeyFile:
    """Read it. Raises FileNotFoundError, and KeyFileError if it cannot be used."""
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_mode & _OTHERS:
            raise KeyFileError(f"YIWANG_KEY_FILE: everybody on this machine may use {path}; chmod 600 {path}")
        text = file.read()
    try:
        found = msgspec.json.decode(text, type=KeyFile)
    except msgspec.DecodeError as error:  # it quotes names and choices, no key
        raise KeyFileError(f"YIWANG_KEY_FILE: {path} is no key file: {error}; restore it from a backup") from error
    if found.format != FORMAT:
        raise KeyFileError(
            f"YIWANG_KEY_FILE: {path} has format {found.format}, this release reads {FORMAT}: upgrade it"
        )
    if found.sealing not in {key.id for key in found.data_keys}:
        raise KeyFileError(f"YIWANG_KEY_FILE: {path} lacks its data key {found.sealing}; restore it from a backup")
    return found


def create(path: Path, file: KeyFile) -> bool:
    """Write a new file; False, and nothing is changed, if there is one already."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = _write(path, file)
    try:
        path.hardlink_to(unfinished)  # unlike a rename, this does not replace
    except FileExistsError:
        return False
    finally:
        unfinished.unlink()
    _sync(path.parent)
    return True


def replace(path: Path, file: KeyFile) -> None:
    """Write it in place of the present one; call it in ``changing``."""
    _write(path, file).replace(path)
    _sync(path.parent)


@contextmanager
def changing(path: Path) -> Iterator[KeyFile]:
    """Read the file to change it: whoever else wants to change it waits, so that no key is lost."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield read(path)
    finally:
        os.close(folder)


def _write(path: Path, file: KeyFile) -> Path:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.unlink(missing_ok=True)
    text = msgspec.json.format(msgspec.json.encode(file), indent=2)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as output:
        output.write(text + b"\n")
        output.flush()
        os.fsync(output.fileno())
    return unfinished


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
