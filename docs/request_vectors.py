"""Test vectors of requests that devices sign: the example of docs/codes.md, and what the platform takes and refuses."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import http_sf
from msgspec.structs import replace

from docs.vector_keys import NOW, issued
from flows.codes.message_signatures import COVERED, SignedRequest, sign

SECRET, NONCE = "c2VjcmV0IG9mIHRoZSBleGFtcGxlLCAzMiBieXRlcyE", "b4f1c2d3e5a60718"
VERIFIER = UUID("01938f00-0000-7000-8000-000000000001")
_BODY = json.dumps({"code": issued(), "request_id": "gate-1-000001"}, separators=(",", ":"))
_PLAIN = SignedRequest("POST", "city.example.gov.cn", "/codes/check", {}, _BODY.encode())


def example() -> dict[str, Any]:
    """The example of docs/codes.md, with the secret of all."""
    return {"secret": SECRET, **_shown(_signed(NONCE))}


def requests() -> Iterator[dict[str, Any]]:
    """Each with when it arrives and whether it is taken, in this order: a nonce is taken once."""
    for after, taken in ((-300, "taken"), (300, "taken"), (-301, "refused"), (301, "refused")):
        name = f"arrives {abs(after)} s {'before' if after < 0 else 'after'} it was signed"
        yield _vector(name, _signed(f"{taken} {after}"), taken, NOW + timedelta(seconds=after))
    yield _vector("valid", _signed("nonce-of-one"), "taken")
    yield _vector("the same again", _signed("nonce-of-one"), "refused")
    yield _vector("another one with its nonce", _signed("nonce-of-one", target="/codes/uses"), "refused")
    yield _vector(
        "without content", _signed("no content", method="GET", target="/codes/revocations", body=b""), "taken"
    )
    yield _vector("with a query", _signed("a=b&c=%20", target="/codes/check?a=b&c=%20"), "taken")
    by_hand = _by_hand({"alg": "hmac-sha256", "nonce": "in another order", "keyid": str(VERIFIER)}, label="x")
    yield _vector("parameters in another order, another label", by_hand, "taken")
    for name, request in (*_changed(), *_other_profiles()):
        yield _vector(name, request, "refused")


def _changed() -> Iterator[tuple[str, SignedRequest]]:
    """Nothing of a request may change after it was signed."""
    yield "another method", replace(_signed("method--"), method="PUT")
    yield "another authority", replace(_signed("authority"), authority="city.examp1e.gov.cn")
    yield "another path", replace(_signed("path----"), target="/codes/uses")
    yield "another query", replace(_signed("query---"), target="/codes/check?a=b")
    yield "another body", replace(_signed("body----"), body=_PLAIN.body + b" ")
    signed = _signed("another-nonce")
    said = signed.headers["signature-input"]
    yield "another nonce", _with(signed, {"signature-input": said.replace("another-nonce", "another-once-")})
    yield "another time", _with(signed, {"signature-input": said.replace(";created=1", ";created=2")})
    yield "no Content-Digest", _with(signed, {"content-digest": ""})
    yield "no signature", _with(signed, {"signature": ""})
    yield "a signature of no bytes", _with(signed, {"signature": "device=::"})
    yield "another label's signature", _with(signed, {"signature": signed.headers["signature"].replace("device", "x")})


def _other_profiles() -> Iterator[tuple[str, SignedRequest]]:
    """What is signed well, and not as docs/codes.md says."""
    good = {"keyid": str(VERIFIER), "nonce": "well signed", "alg": "hmac-sha256"}
    yield "another secret", _signed("stranger", secret=b"guessed")
    yield "an unknown device", _signed("unknown-", key_id=str(UUID(int=1)))
    yield "a keyid that is no id", _signed("no id---", key_id="gate-1")
    yield "a nonce of 7 characters", _signed("7 chars")
    yield "a nonce of 65 characters", _signed("n" * 65)
    yield "no nonce", _by_hand({name: value for name, value in good.items() if name != "nonce"})
    yield "no alg", _by_hand({name: value for name, value in good.items() if name != "alg"})
    yield "another alg", _by_hand(good | {"alg": "hmac-sha512"})
    yield "a parameter more", _by_hand(good | {"tag": "gate"})
    yield "the components in another order", _by_hand(good, COVERED[::-1])
    yield "a component missing", _by_hand(good, COVERED[:-1])
    yield "a component twice", _by_hand(good, (*COVERED, "@method"))
    two = _signed("two of them")
    both = {name: f"{two.headers[name]}, {two.headers[name].replace('device', 'x')}" for name in _SIGNED}
    yield "two signatures", _with(two, both)
    said = two.headers["signature-input"]
    for name, item in (("a number", "1"), ("a token", "method"), ("bytes", ":YQ==:"), ("a date", "@1796097600")):
        yield f"{name} as a component", _with(two, {"signature-input": said.replace('"@method"', item)})


_SIGNED = ("signature-input", "signature")


def _signed(nonce: str, secret: bytes = SECRET.encode(), key_id: str = str(VERIFIER), **other: Any) -> SignedRequest:
    request = replace(_PLAIN, **other)
    return replace(request, headers=sign(request, secret, key_id, NOW, nonce))


def _by_hand(
    parameters: Mapping[str, str], components: Sequence[str] = COVERED, label: str = "device"
) -> SignedRequest:
    """A request in forms that ``sign`` does not write (RFC 9421 section 2.5)."""
    digest = http_sf.ser({"sha-256": hashlib.sha256(_PLAIN.body).digest()})
    values = dict(zip(COVERED, (_PLAIN.method, _PLAIN.authority, _PLAIN.target, "?", digest), strict=True))
    covered = " ".join(f'"{each}"' for each in components)
    said = f"({covered})" + "".join(f';{name}="{value}"' for name, value in parameters.items())
    said += f";created={int(NOW.timestamp())}"
    base = "\n".join([*(f'"{each}": {values[each]}' for each in components), f'"@signature-params": {said}'])
    mac = http_sf.ser({label: hmac.digest(SECRET.encode(), base.encode(), "sha256")})
    return _with(_PLAIN, {"content-digest": digest, "signature-input": f"{label}={said}", "signature": mac})


def _with(request: SignedRequest, headers: Mapping[str, str]) -> SignedRequest:
    return replace(request, headers={name: value for name, value in {**request.headers, **headers}.items() if value})


def _vector(name: str, request: SignedRequest, result: str, now: datetime = NOW) -> dict[str, Any]:
    return {"name": name, **_shown(request), "now": int(now.timestamp()), "result": result}


def _shown(request: SignedRequest) -> dict[str, Any]:
    sent = {
        "method": request.method,
        "url": f"https://{request.authority}{request.target}",
        "body": request.body.decode(),
    }
    return {"request": sent, "headers": request.headers}
