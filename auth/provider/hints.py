"""ID tokens that come back to us as hints: who is meant, in which session, at which client."""

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, Key
from msgspec import Struct

from auth.errors import HintRefusedError
from auth.keys.key_ring import ALGORITHMS
from auth.provider.environment import Environment


class Hint(Struct, frozen=True):
    """What an ID token of ours says."""

    iss: str
    sub: str
    aud: str
    sid: str


def read_hint(environment: Environment, text: str) -> Hint:
    """Verify an ID token of ours, even one that has expired. Raises HintRefusedError."""
    now = environment.clock.now()

    def key(guest: GuestProtocol) -> Key:
        found = environment.ring().verifier(str(guest.headers().get("kid", "")), now)
        if found is None:
            raise HintRefusedError("The ID token is signed by no key of ours", fix="Send the newest one.")
        return found.key

    try:
        found = jwt.decode(text, key, algorithms=list(ALGORITHMS))
        hint = msgspec.convert(found.claims, Hint)
    except (JoseError, ValueError, TypeError) as error:
        raise HintRefusedError("The ID token cannot be verified", fix="Send the one that was given.") from error
    if hint.iss != environment.issuer or found.header.get("typ") != "JWT":  # nor an access or a logout token of ours
        raise HintRefusedError("This is no ID token of this issuer", fix="Send the one that was given.")
    return hint
