"""Anchors: the head at one moment, signed and kept outside, so that a cut or rewritten chain no longer fits.

A signature is ECDSA on P-256 with SHA-256 (ES256), so whoever verifies cannot forge; ``openssl dgst`` verifies it too
(docs/audit.md).
"""

import hashlib
import os
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import Struct

from kernel.audit.errors import AnchorFileError, AuditKeyError

_ES256 = ec.ECDSA(hashes.SHA256())
_KEY = "openssl ecparam -name prime256v1 -genkey -noout -out audit.pem"

PublicKeys = Mapping[str, ec.EllipticCurvePublicKey]
"""Key id → key."""


class Anchor(Struct, frozen=True, forbid_unknown_fields=True):
    """``hash`` is the hex of the entry ``seq``'s; ``signature`` is base64, empty where no key was set."""

    seq: int
    hash: str
    at: str  # kernel.audit.chain.text_of
    key_id: str = ""
    signature: str = ""

    @property
    def message(self) -> bytes:
        """What is signed."""
        return f"yiwang-audit-anchor-1\n{self.seq}\n{self.hash}\n{self.at}\n".encode()


def signed(anchor: Anchor, key: ec.EllipticCurvePrivateKey) -> Anchor:
    """Return the anchor with a signature and the id of its key."""
    signature = b64encode(key.sign(anchor.message, _ES256)).decode()
    return msgspec.structs.replace(anchor, key_id=key_id(key.public_key()), signature=signature)


def is_signed(anchor: Anchor, keys: PublicKeys) -> bool:
    """Whether the anchor is signed by one of ``keys``; anything malformed is just not signed."""
    if (key := keys.get(anchor.key_id)) is None:
        return False
    try:
        key.verify(b64decode(anchor.signature, validate=True), anchor.message, _ES256)
    except (InvalidSignature, ValueError):
        return False
    return True


def key_id(key: ec.EllipticCurvePublicKey) -> str:
    """Return the first 16 hex digits of the SHA-256 of the key's SubjectPublicKeyInfo (RFC 5280 section 4.1)."""
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()[:16]


def private_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """Read an unencrypted P-256 private key in PEM. Raises AuditKeyError."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _unusable(path) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise _unusable(path)
    return key


def public_keys(paths: Iterable[Path]) -> dict[str, ec.EllipticCurvePublicKey]:
    """Read P-256 keys in PEM, public ones or private ones whose public half is taken. Raises AuditKeyError."""
    keys = [_public_key(path) for path in paths]
    return {key_id(key): key for key in keys}


def _public_key(path: Path) -> ec.EllipticCurvePublicKey:
    try:
        data = path.read_bytes()
        key = private_key(path).public_key() if b"PRIVATE" in data else serialization.load_pem_public_key(data)
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise _unusable(path) from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise _unusable(path)
    return key


def _unusable(path: Path) -> AuditKeyError:
    return AuditKeyError(f"{path} is no readable P-256 key in PEM", fix=f"Make one: {_KEY}")


def keep(path: Path, anchor: Anchor) -> None:
    """Append the anchor to a file, one JSON object a line, and return once the disk has it. Raises OSError."""
    line = msgspec.json.encode(anchor) + b"\n"
    is_new = not path.exists()
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        if os.write(file, line) != len(line):  # one write, so that lines of several processes do not mix
            raise OSError(f"{path}: only a part of an anchor could be written; end its last line by hand")
        os.fsync(file)
    finally:
        os.close(file)
    if is_new:  # the name itself must be on the disk too
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def kept(path: Path) -> list[Anchor]:
    """Read such a file. Raises AnchorFileError."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise AnchorFileError(
            f"The anchors in {path} cannot be read: {error.strerror}", fix="Name the file that the workers write."
        ) from error
    anchors = []
    for number, line in enumerate(lines, 1):
        try:
            anchors.append(msgspec.json.decode(line, type=Anchor))
        except msgspec.MsgspecError as error:
            raise AnchorFileError(
                f"Line {number} of {path} is no anchor: {error}",
                fix="Find out who wrote it; verify with a copy of the file without this line.",
            ) from error
    return anchors
