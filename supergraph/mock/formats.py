"""Texts by format: those of JSON Schema 2020-12 section 7.3 and of the OpenAPI format registry."""

import base64
import datetime as dt
import ipaddress
import random
import re
import uuid
from collections.abc import Callable

_DAY_ONE = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
_YEAR_SECONDS = 365 * 24 * 3600


def _instant(rng: random.Random) -> dt.datetime:
    return _DAY_ONE + dt.timedelta(seconds=rng.randrange(_YEAR_SECONDS))


def _uuid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _host(rng: random.Random) -> str:
    return f"host-{rng.randrange(1000)}.example"


def _base64(rng: random.Random) -> str:
    return base64.b64encode(rng.randbytes(rng.randint(3, 24))).decode()


MAKERS: dict[str, Callable[[random.Random], str]] = {
    "date": lambda rng: f"{_instant(rng):%Y-%m-%d}",
    "date-time": lambda rng: f"{_instant(rng):%Y-%m-%dT%H:%M:%SZ}",
    "time": lambda rng: f"{_instant(rng):%H:%M:%SZ}",
    "duration": lambda rng: f"PT{rng.randint(1, 90)}M",
    "uuid": _uuid,
    "guid": _uuid,
    "email": lambda rng: f"user{rng.randrange(1000)}@example.org",
    "idn-email": lambda rng: f"user{rng.randrange(1000)}@example.org",
    "hostname": _host,
    "idn-hostname": _host,
    "uri": lambda rng: f"https://{_host(rng)}/{rng.randrange(10_000)}",
    "url": lambda rng: f"https://{_host(rng)}/{rng.randrange(10_000)}",
    "iri": lambda rng: f"https://{_host(rng)}/{rng.randrange(10_000)}",
    "uri-reference": lambda rng: f"/{rng.randrange(10_000)}",
    "iri-reference": lambda rng: f"/{rng.randrange(10_000)}",
    "uri-template": lambda rng: f"/{rng.randrange(10_000)}/{{id}}",
    "json-pointer": lambda rng: f"/{rng.randrange(100)}",
    "relative-json-pointer": lambda rng: f"{rng.randrange(5)}/a",
    "regex": lambda rng: f"^[a-z]{{{rng.randint(1, 9)}}}$",
    "ipv4": lambda rng: str(ipaddress.IPv4Address(0xC0000200 + rng.randrange(256))),  # RFC 5737's 192.0.2.0/24
    "ipv6": lambda rng: str(ipaddress.IPv6Address((0x20010DB8 << 96) + rng.getrandbits(64))),  # RFC 3849
    "byte": _base64,
    "base64": _base64,
    "base64url": lambda rng: base64.urlsafe_b64encode(rng.randbytes(6)).decode(),
    "decimal": lambda rng: f"{rng.randrange(100_000) / 100:.2f}",
    "double": lambda rng: f"{rng.randrange(100_000) / 100:.2f}",
}

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _is_date_time(text: str) -> bool:
    return _RFC3339.fullmatch(text) is not None and _parses(dt.datetime.fromisoformat, re.sub(r"\.\d+", "", text))


def _parses(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


_CHECKS: dict[str, Callable[[str], bool]] = {
    "date": lambda text: len(text) == 10 and _parses(dt.date.fromisoformat, text),
    "date-time": _is_date_time,
    "uuid": lambda text: len(text) == 36 and _parses(uuid.UUID, text),
    "ipv4": lambda text: _parses(ipaddress.IPv4Address, text),
    "ipv6": lambda text: _parses(ipaddress.IPv6Address, text),
    "email": lambda text: re.fullmatch(r"[^@\s]+@[^@\s]+", text) is not None,
    "byte": lambda text: _parses(lambda each: base64.b64decode(each, validate=True), text),
}


def has_format(text: str, name: str) -> bool:
    """Tell whether a text has the format; formats without a check here are not enforced."""
    check = _CHECKS.get(name)
    return check is None or check(text)
