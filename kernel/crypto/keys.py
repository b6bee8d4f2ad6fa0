"""The keys of one deployment: opened once by each process, made and added by the operator (``yiwang keys``).

The key file is named by ``YIWANG_KEY_FILE``; the key that wraps its keys comes from ``YIWANG_KEY_ENCRYPTION_KEY``, or
from a key management service through ``KeyWrapper``.
"""

import logging
import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import msgspec

from kernel.clock import Clock, SystemClock
from kernel.crypto import key_file
from kernel.crypto.blind_index import BlindIndex
from kernel.crypto.errors import KeyFileError
from kernel.crypto.fields import KEY_ID_BYTES, DataKey, FieldCipher
from kernel.crypto.key_file import KeyFile, StoredKey
from kernel.crypto.suite import INTL, SUITES, Suite, SuiteName
from kernel.crypto.wrapping import KeyWrapper, LocalWrapper, new_secret, read_secret
from kernel.settings import Settings, state_path, variable

Random = Callable[[int], bytes]

_INDEX_KEY_BYTES = 32
_NAME = "keys.json"
_KEK = variable("key_encryption_key")

_log = logging.getLogger(__name__)


class Keys:
    """What a process seals and opens with, and what it looks people up with.

    The index key is unwrapped only when it is asked for: a process that looks nobody up never has it, and a key
    management service may refuse it to that process.
    """

    def __init__(self, cipher: FieldCipher, open_index: Callable[[], BlindIndex]) -> None:
        self.cipher = cipher
        self._open_index = open_index

    @cached_property
    def index(self) -> BlindIndex:
        """Raises KeyFileError if the index key cannot be unwrapped."""
        return self._open_index()


def key_path(settings: Settings) -> Path:
    """Where the key file is, or would be."""
    return Path(settings.key_file).absolute() if settings.key_file else state_path(settings) / _NAME


def open_keys(settings: Settings, wrapper: KeyWrapper | None = None) -> Keys:
    """Read the key file; in development, with neither a file nor a database named, make it first.

    Raises KeyFileError if it is missing otherwise: a second file would seal what the first one's owners cannot open.
    """
    make_missing(settings, SystemClock())
    file = _read(settings)
    wrapper = _wrapper(settings, file) if wrapper is None else wrapper
    data_keys = {
        key.id: DataKey(key.id, SUITES[key.suite], wrapper.unwrap(_data_label(key.id), key.wrapped))
        for key in file.data_keys
    }
    stored = file.index_key

    def open_index() -> BlindIndex:
        return BlindIndex(SUITES[stored.suite], wrapper.unwrap(_index_label(stored.id), stored.wrapped))

    return Keys(FieldCipher(data_keys, file.sealing), open_index)


def make_missing(settings: Settings, clock: Clock) -> None:
    """Make the key file of a deployment that names neither one nor a database; whoever starts the embedded one asks."""
    if settings.key_file or settings.database_url or key_path(settings).exists():
        return
    if key_file.create(key_path(settings), _fresh(settings, clock, "intl", os.urandom)):
        _log.warning(
            "made %s for development; production brings its own with %s and %s (docs/operations.md)",
            *(key_path(settings), variable("key_file"), _KEK),
        )


def create_key_file(settings: Settings, clock: Clock, suite: SuiteName = "intl", random: Random = os.urandom) -> Path:
    """Make a key file with a data key and an index key. Raises KeyFileError if there is one."""
    path = key_path(settings)
    if not key_file.create(path, _fresh(settings, clock, suite, random)):
        raise KeyFileError(f"{variable('key_file')}: {path} is there already; to add a key: yiwang keys new-data-key")
    return path


def add_data_key(
    settings: Settings, clock: Clock, suite: SuiteName | None = None, random: Random = os.urandom
) -> StoredKey:
    """Add a data key that opens but does not seal yet, so that every process can be given it first.

    Without a suite it is for that of the key that seals now.
    """
    _read(settings)  # says what is wrong before anything is locked
    with key_file.changing(key_path(settings)) as file:
        present = {key.id: key for key in file.data_keys}
        chosen = suite or present[file.sealing].suite
        key_id = next(each for each in iter(lambda: random(KEY_ID_BYTES).hex(), "") if each not in present)
        wrapper = _wrapper(settings, file)
        wrapper.unwrap(_data_label(file.sealing), present[file.sealing].wrapped)  # raises if it is another secret
        new = _stored(wrapper, key_id, clock, SUITES[chosen], random)
        key_file.replace(key_path(settings), msgspec.structs.replace(file, data_keys=(*file.data_keys, new)))
    return new


def seal_with_newest(settings: Settings) -> str:
    """Make the newest data key the one that seals, for every process that opens the file from now on; return its id."""
    _read(settings)
    with key_file.changing(key_path(settings)) as file:
        newest = file.data_keys[-1].id
        if newest != file.sealing:
            key_file.replace(key_path(settings), msgspec.structs.replace(file, sealing=newest))
    return newest


def rewrap(settings: Settings, old_secret: str = "") -> int:
    """Wrap every key anew with YIWANG_KEY_ENCRYPTION_KEY and keep that out of the file; return how many keys.

    They were wrapped with ``old_secret``, or with the one that the file holds.
    """
    secret = read_secret(settings.key_encryption_key, _KEK)
    _read(settings)
    with key_file.changing(key_path(settings)) as file:
        old = LocalWrapper(read_secret(file.key_encryption_key or old_secret, "the old key-encryption key"), INTL)

        def again(key: StoredKey, label: str) -> StoredKey:
            new = LocalWrapper(secret, SUITES[key.suite])
            return msgspec.structs.replace(key, wrapped=new.wrap(label, old.unwrap(label, key.wrapped)))

        data_keys = tuple(again(key, _data_label(key.id)) for key in file.data_keys)
        index_key = again(file.index_key, _index_label(file.index_key.id))
        changed = msgspec.structs.replace(file, key_encryption_key="", data_keys=data_keys, index_key=index_key)
        key_file.replace(key_path(settings), changed)
    return len(data_keys) + 1


def described(settings: Settings) -> KeyFile:
    """What the key file holds, for people; its secrets are wrapped or kept out of its repr."""
    return _read(settings)


def _fresh(settings: Settings, clock: Clock, suite_name: SuiteName, random: Random) -> KeyFile:
    own_secret = "" if settings.key_encryption_key else new_secret(random)
    suite = SUITES[suite_name]
    wrapper = LocalWrapper(read_secret(own_secret or settings.key_encryption_key, _KEK), suite, random)
    first = _stored(wrapper, random(KEY_ID_BYTES).hex(), clock, suite, random)
    index_id = random(KEY_ID_BYTES).hex()
    index_key = StoredKey(
        id=index_id,
        created=clock.now(),
        suite=suite_name,
        wrapped=wrapper.wrap(_index_label(index_id), random(_INDEX_KEY_BYTES)),
    )
    return KeyFile(
        format=key_file.FORMAT,
        key_encryption_key=own_secret,
        sealing=first.id,
        data_keys=(first,),
        index_key=index_key,
    )


def _stored(wrapper: KeyWrapper, key_id: str, clock: Clock, suite: Suite, random: Random) -> StoredKey:
    wrapped = wrapper.wrap(_data_label(key_id), random(suite.key_bytes))
    return StoredKey(id=key_id, created=clock.now(), suite=suite.name, wrapped=wrapped)


def _read(settings: Settings) -> KeyFile:
    path = key_path(settings)
    try:
        return key_file.read(path)
    except FileNotFoundError:
        raise KeyFileError(
            f"{variable('key_file')}: there is no key file {path}. Name the one that this database's secrets were "
            "sealed with; for a new deployment make one: yiwang keys create"
        ) from None


def _wrapper(settings: Settings, file: KeyFile) -> KeyWrapper:
    suite = SUITES[next(key.suite for key in file.data_keys if key.id == file.sealing)]
    if file.key_encryption_key and settings.key_encryption_key:
        raise KeyFileError(
            f"{_KEK} is set, but {key_path(settings)} holds a key-encryption key of its own, so it protects nothing: "
            "yiwang keys rewrap"
        )
    if file.key_encryption_key:
        return LocalWrapper(read_secret(file.key_encryption_key, str(key_path(settings))), suite)
    if not settings.key_encryption_key:
        raise KeyFileError(f"{_KEK}: the keys in {key_path(settings)} are wrapped; set the key they were wrapped with")
    return LocalWrapper(read_secret(settings.key_encryption_key, _KEK), suite)


def _data_label(key_id: str) -> str:
    return f"data key {key_id}"


def _index_label(key_id: str) -> str:
    return f"index key {key_id}"
