"""Stage 4, beside the body: which other credentials would change the answer (RFC 6750 section 3, RFC 9470 section 3).

The status stays that of GraphQL over HTTP: an answer of any status may have a challenge (RFC 9110 section 11.6.1), so
one refused field is enough for it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from auth.errors import (
    AssuranceTooLowError,
    AuthenticationTooOldError,
    SessionEndedError,
    SignInNeededError,
    TokenRefusedError,
)
from supergraph.slice import RANK


def challenge(extensions: Iterable[Mapping[str, Any]]) -> bytes:
    """Return the value of WWW-Authenticate for errors' extensions, empty where credentials would change nothing."""
    found = [each for each in extensions if each.get("code") in _CODES]
    if not found:
        return b""
    codes = {each["code"] for each in found}
    if not codes.isdisjoint({TokenRefusedError.code, SessionEndedError.code}):
        return b'Bearer error="invalid_token"'
    if SignInNeededError.code in codes:
        return b"Bearer"
    said = ['Bearer error="insufficient_user_authentication"']
    if levels := [each["acr_values"] for each in found if each.get("acr_values") in RANK]:
        said.append(f'acr_values="{max(levels, key=RANK.__getitem__)}"')
    if ages := [each["max_age"] for each in found if "max_age" in each]:
        said.append(f'max_age="{min(ages)}"')
    return ", ".join(said).encode()


_CODES = {
    each.code
    for each in (
        AssuranceTooLowError,
        AuthenticationTooOldError,
        SessionEndedError,
        SignInNeededError,
        TokenRefusedError,
    )
}
