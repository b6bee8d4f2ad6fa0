"""Codes that a gate verifies by itself, of both kinds: signed by the platform (SC1), or by a phone (SC2)."""

from collections.abc import Set as AbstractSet
from datetime import datetime

from flows.codes import device_codes, pass_codes
from flows.codes.key_sets import KeySet
from flows.codes.pass_codes import PassCode, check_time

PREFIXES = (pass_codes.PREFIX, device_codes.PREFIX)


def verify(text: str, keys: KeySet, purpose: str, now: datetime) -> PassCode:
    """Return what a code says. Raises PassCodeRefusedError.

    Whether it was used before or is revoked is the caller's to look at (``offline.SeenCodes``, ``revocations``).
    """
    code = authentic(text, keys, {purpose}, now)
    check_time(code, now)
    return code


def authentic(text: str, keys: KeySet, purposes: AbstractSet[str], now: datetime) -> PassCode:
    """As ``verify``, for any of some purposes, and whatever the code's age: for uses that are reported later."""
    if text.startswith(device_codes.PREFIX):
        return device_codes.authentic(text, keys, purposes, now)
    return pass_codes.authentic(text, keys, purposes, now)


def stated(text: str) -> PassCode:
    """Return what a code says, believed by nobody yet: for who hears from the platform that it is good.

    Raises PassCodeRefusedError.
    """
    if text.startswith(device_codes.PREFIX):
        return device_codes.stated(text)
    return pass_codes.stated(text)
