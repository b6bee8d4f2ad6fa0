"""Who sends a request: its access token, verified once and then remembered while it lives.

What a request costs here is two look-ups in memory: the token among those verified, its session among those ended.
"""

from collections.abc import Callable

from auth.errors import TokenRefusedError
from auth.keys.key_ring import KeyRing
from auth.sessions.access_tokens import GRAPH, AccessToken, verify
from auth.sessions.ended import EndedSessions
from kernel.clock import Clock

CLIENT = b"yiwang-client"
"""The header in which a front end names itself: a token of another one is refused."""

_MOST_TOKENS = 20_000  # of 1 kB or so, with what they say
_SIGN_IN = "Refresh the session, or sign in again."


class Authenticator:
    """Verifies the tokens of one gateway process. ``ring`` gives the newest keys."""

    def __init__(self, ring: Callable[[], KeyRing], ended: EndedSessions, issuer: str, clock: Clock) -> None:
        self._ring = ring
        self._ended = ended
        self._issuer = issuer
        self._clock = clock
        self._verified: dict[bytes, AccessToken] = {}

    def __call__(self, headers: dict[bytes, bytes]) -> AccessToken | None:
        """Return the token of a request, None if it shows none. Raises TokenRefusedError."""
        authorization = headers.get(b"authorization")
        if authorization is None:
            return None
        now = self._clock.now()
        token = self._verified.get(authorization)
        if token is None:
            token = self._verify(authorization)
        elif now.timestamp() >= token.exp:
            del self._verified[authorization]
            raise TokenRefusedError("The access token has expired", fix=_SIGN_IN)
        if token.sid in self._ended or token.fid in self._ended:
            raise TokenRefusedError("The session is over", fix="Sign in again.")
        client = headers.get(CLIENT)
        if client is not None and client != token.client_id.encode():
            raise TokenRefusedError("The access token is another client's", fix="Send the one that you were given.")
        return token

    def _verify(self, authorization: bytes) -> AccessToken:
        scheme, _, text = authorization.decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            raise TokenRefusedError("The authorization is no bearer token", fix="Send Authorization: Bearer <token>.")
        token = verify(text.strip(), self._ring(), self._issuer, GRAPH, self._clock.now())
        if token.cnf is not None:
            raise TokenRefusedError(
                "The access token is bound to a key, which the graph does not look at", fix="Ask for a bearer token."
            )
        while len(self._verified) >= _MOST_TOKENS:
            self._verified.pop(next(iter(self._verified)), None)
        self._verified[authorization] = token
        return token
