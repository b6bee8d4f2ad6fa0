"""How one department's service is reached: the values a manifest or an operator sets."""

from typing import Literal

from msgspec import Struct


class UpstreamSettings(Struct, frozen=True, kw_only=True):
    """The settings of one upstream; sizes in bytes, times in seconds.

    ``headers`` are sent with every call and win over the caller's (an API key, ``user-agent``); ``allow`` are the
    CIDRs that the deployment opened; ``ca``, ``cert`` and ``key`` are paths of PEM files (``cert`` and ``key``: mTLS).
    """

    url: str
    headers: dict[str, str] = {}
    connect_seconds: float = 3.0
    write_seconds: float = 10.0
    first_byte_seconds: float = 10.0
    total_seconds: float = 30.0
    idle_seconds: float = 4.0  # below the 5 s after which uvicorn and Node.js close an idle connection
    connections: int = 64
    queue: int = 256
    max_body_bytes: int = 16 * 2**20
    retries: int = 2
    allow: tuple[str, ...] = ()
    ca: str = ""
    cert: str = ""
    key: str = ""
    legacy_ca: bool = False  # accept a private CA without keyUsage, which Python 3.13 would refuse
    proxy: str = ""
    client: Literal["native", "aiohttp"] = "native"

    def __repr__(self) -> str:
        return f"UpstreamSettings(url={self.url!r}, ...)"  # headers may be credentials
