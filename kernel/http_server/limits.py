"""What the HTTP server allows a client, each figure with its reason."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Sizes in bytes, times in seconds. A time is kept to within one sweep (``sweep_seconds``)."""

    target_bytes: int = 16 * 1024  # a whole GraphQL query fits into a GET; RFC 9112 §3 asks for 8,000 at least
    head_bytes: int = 32 * 1024  # what nginx takes by default (4 buffers of 8 KiB)
    headers: int = 100  # as Apache, LimitRequestFields
    connections: int = 10_000
    head_seconds: float = 10.0  # from the first byte of a request, or from connecting, to the end of its head
    body_bytes_per_second: int = 240  # slower than a 2400 baud modem is an attack
    body_grace_seconds: float = 5.0  # before that rate counts
    idle_seconds: float = 75.0  # as nginx: above the 60 s of common load balancers, so that they close first
    write_seconds: float = 30.0  # without the client taking one byte of the answer
    half_closed_seconds: float = 2.0  # the time left to a handler once the client has ended its side
    linger_seconds: float = 2.0  # reading on after a refusal, so that the client gets to see it

    @property
    def sweep_seconds(self) -> float:
        """How often connections are looked at."""
        times = (self.head_seconds, self.idle_seconds, self.write_seconds, self.half_closed_seconds)
        return min(1.0, min(times) / 4)
