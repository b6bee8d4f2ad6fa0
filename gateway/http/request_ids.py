"""The id under which the log knows a request: the client's own if it sends a fit one, else one of this process's."""

from itertools import count
from secrets import token_hex

HEADER = b"x-request-id"
_MAX_LENGTH = 64  # of an id that the client brings


class RequestIds:
    """Gives ids that begin with a word of this process, so that an answer tells who gave it."""

    def __init__(self) -> None:
        process = token_hex(6)
        self._next = (f"{process}-{number:x}" for number in count())

    def id(self, given: bytes | None) -> str:
        """Return what the client or a proxy gave, if it is safe to log and send back, else a new one."""
        if given is None or len(given) > _MAX_LENGTH or not given.replace(b"-", b"").isalnum():
            return next(self._next)
        return given.decode()
