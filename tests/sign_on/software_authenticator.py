"""An authenticator and its browser in software (WebAuthn level 3): it does what pages ask, or something else."""

import hashlib
import html
import json
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import cbor2
import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import Struct

ORIGIN = "https://id.example"
_PRESENT, _VERIFIED, _ELIGIBLE, _BACKED_UP, _ATTESTED = 1, 4, 8, 16, 64
_AAGUID = bytes(range(16))


class Key(Struct):
    """A key that it keeps: for whom, and how often it has signed."""

    id: bytes
    private: ec.EllipticCurvePrivateKey
    handle: bytes
    count: int = 0


class Authenticator(Struct, kw_only=True):
    """One device. ``synced``: its keys are in a cloud; ``verifies``: it asks for a PIN or a fingerprint.

    The other fields are what an attacker's browser says instead of the truth.
    """

    synced: bool = False
    verifies: bool = True
    counts: bool = True
    origin: str = ORIGIN
    rp_id: str = ""
    cross_origin: bool = False
    keys: list[Key] = []

    def make(self, options: dict[str, Any]) -> str:
        """Answer ``navigator.credentials.create``."""
        key = Key(secrets.token_bytes(32), ec.generate_private_key(ec.SECP256R1()), decode(options["user"]["id"]))
        self.keys = [*self.keys, key]
        point = key.private.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)}
        attested = _AAGUID + len(key.id).to_bytes(2) + key.id + cbor2.dumps(cose)
        data = self._data(options["rp"]["id"], key, _ATTESTED) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options["challenge"])
        return _answer(key, clientDataJSON=client, attestationObject=attestation)

    def sign(self, options: dict[str, Any], key: Key | None = None, *, names_owner: bool = True) -> str:
        """Answer ``navigator.credentials.get`` with the newest key, or the one that is given."""
        key = key or self.keys[-1]
        key.count += self.counts
        data = self._data(options["rpId"], key)
        client = self._client("webauthn.get", options["challenge"])
        signature = key.private.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        owner = {"userHandle": key.handle} if names_owner else {}
        return _answer(key, clientDataJSON=client, authenticatorData=data, signature=signature, **owner)

    def _data(self, rp_id: str, key: Key, flags: int = 0) -> bytes:
        flags |= _PRESENT | (_VERIFIED if self.verifies else 0) | (_ELIGIBLE | _BACKED_UP if self.synced else 0)
        return hashlib.sha256((self.rp_id or rp_id).encode()).digest() + bytes([flags]) + key.count.to_bytes(4)

    def _client(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": self.cross_origin}
        return json.dumps(said).encode()


def asked(page: httpx.Response, kind: str = "get") -> dict[str, Any]:
    """Return what a page asks the browser for."""
    found = re.search(rf'data-passkey="{kind}" data-options="([^"]*)"', page.text)
    assert found is not None, page.text
    options: dict[str, Any] = json.loads(html.unescape(found[1]))
    return options


def asks(page: httpx.Response, kind: str = "get") -> bool:
    """Tell whether a page asks for a passkey."""
    return f'data-passkey="{kind}"' in page.text


def decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encode(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _answer(key: Key, **response: bytes) -> str:
    parts = {name: encode(value) for name, value in response.items()}
    return json.dumps({"id": encode(key.id), "rawId": encode(key.id), "type": "public-key", "response": parts})
