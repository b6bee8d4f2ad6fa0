"""HTTP Message Signatures (RFC 9421) of one profile: hmac-sha256 over method, authority, path, query and content.

Pure. Structured fields are http-sf's. http-message-signatures is not used: it looks keys up while it reads, which
a database cannot be asked in, and takes more than one profile; the tests sign with it.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import http_sf
from msgspec import Struct

from flows.codes.errors import DeviceRefusedError

LABEL = "device"
ALGORITHM = "hmac-sha256"
COVERED = ("@method", "@authority", "@path", "@query", "content-digest")
_INNER_LIST = '("' + '" "'.join(COVERED) + '")'
_PARAMETERS = {"created", "keyid", "nonce", "alg"}
_FIX = "docs/codes.md has the profile and an example."


class SignedRequest(Struct, frozen=True):
    """A request as it arrived. ``target`` is path and query; header names are lower case."""

    method: str
    authority: str
    target: str
    headers: Mapping[str, str]
    body: bytes


class Stated(Struct, frozen=True):
    """What the signature says of itself; nothing of it is believed before ``check``."""

    key_id: str
    created: datetime
    nonce: str
    base: bytes
    signature: bytes


def stated(request: SignedRequest) -> Stated:
    """Read a request's signature and hold its content to its digest (RFC 9530). Raises DeviceRefusedError."""
    label, (components, parameters) = _only_input(request.headers.get("signature-input", ""))
    signature = _parsed(request.headers.get("signature", ""), "Signature").get(label, (None,))[0]
    covered = tuple(name for name, options in components if type(name) is str and not options)
    if covered != COVERED or len(components) != len(COVERED):
        raise _refused(f"it covers {' '.join(covered) or 'nothing'}, not {' '.join(COVERED)}")
    created, key_id, nonce = (parameters.get(name) for name in ("created", "keyid", "nonce"))
    if {*parameters} != _PARAMETERS or parameters["alg"] != ALGORITHM:
        raise _refused(f'its parameters are not created, keyid, nonce and alg="{ALGORITHM}"')
    if type(created) is not int or type(key_id) is not str or type(nonce) is not str or type(signature) is not bytes:
        raise _refused("its parameters have other types than they must")
    if not 0 <= created < 2**32 or not 8 <= len(nonce) <= 64:
        raise _refused("created is a time in seconds, and nonce has 8 to 64 characters")
    _check_digest(request)
    base = base_of(request, _written(parameters))
    return Stated(key_id, datetime.fromtimestamp(created, UTC), nonce, base, signature)


def check(found: Stated, secret: bytes) -> None:
    """Raise DeviceRefusedError unless ``secret`` has made the signature."""
    if not hmac.compare_digest(hmac.digest(secret, found.base, "sha256"), found.signature):
        raise _refused("it does not hold")


def sign(request: SignedRequest, secret: bytes, key_id: str, created: datetime, nonce: str) -> dict[str, str]:
    """Return the headers that a device adds to a request: for gates, simulators and tests."""
    digest = http_sf.ser({"sha-256": hashlib.sha256(request.body).digest()})
    parameters: dict[str, Any] = {
        "created": int(created.timestamp()),
        "keyid": key_id,
        "nonce": nonce,
        "alg": ALGORITHM,
    }
    of = SignedRequest(request.method, request.authority, request.target, {"content-digest": digest}, request.body)
    said = _written(parameters)
    base = base_of(of, said)
    return {
        "content-digest": digest,
        "signature-input": f"{LABEL}={said}",
        "signature": http_sf.ser({LABEL: hmac.digest(secret, base, "sha256")}),
    }


def base_of(request: SignedRequest, parameters: str) -> bytes:
    """Return the signature base (RFC 9421 section 2.5)."""
    target = urlsplit(request.target)
    values = {
        "@method": request.method,
        "@authority": request.authority.lower(),
        "@path": target.path or "/",
        "@query": f"?{target.query}",
        "content-digest": request.headers.get("content-digest", "").strip(),
        "@signature-params": parameters,
    }
    return "\n".join(f'"{name}": {value}' for name, value in values.items()).encode()


def _written(parameters: Mapping[str, int | str]) -> str:
    """Return the parameters as they are signed: the inner list of what is covered, integers and strings behind it.

    By hand (RFC 9651 section 4.1): http-sf writes inner lists in dictionaries only, and takes a tenth of a check.
    """
    escaped = {name: str(value).replace("\\", "\\\\").replace('"', '\\"') for name, value in parameters.items()}
    texts = (f";{name}={value}" if name == "created" else f';{name}="{value}"' for name, value in escaped.items())
    return _INNER_LIST + "".join(texts)


def _only_input(text: str) -> tuple[str, Any]:
    members = _parsed(text, "Signature-Input")
    if len(members) != 1:
        raise _refused(f"there are {len(members)} of them, not one")
    label, member = next(iter(members.items()))
    if not isinstance(member[0], list):
        raise _refused("Signature-Input names no components")
    return label, member


def _check_digest(request: SignedRequest) -> None:
    stated_digest = _parsed(request.headers.get("content-digest", ""), "Content-Digest").get("sha-256", (None,))[0]
    if stated_digest != hashlib.sha256(request.body).digest():
        raise _refused("Content-Digest is not the SHA-256 of the content")


def _parsed(text: str, name: str) -> dict[str, Any]:
    try:
        found: Any = http_sf.parse(text.encode("ascii"), tltype="dictionary")
    except ValueError as error:
        raise _refused(f"{name} is no dictionary of structured fields (RFC 9651)") from error
    return dict(found)


def _refused(why: str) -> DeviceRefusedError:
    return DeviceRefusedError(f"The request's signature is refused: {why}", fix=_FIX)
