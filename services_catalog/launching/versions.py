"""Versions of host apps: numbers and dots."""

import re

_VERSION = re.compile(r"\d{1,9}(\.\d{1,9}){0,5}", re.ASCII)


def older(version: str, least: str) -> bool:
    """Whether a version is older than the least one; of what is no version nobody can tell, so it is not."""
    if not (_VERSION.fullmatch(version) and _VERSION.fullmatch(least)):
        return False
    return _numbers(version) < _numbers(least)


def _numbers(version: str) -> list[int]:
    numbers = [int(part) for part in version.split(".")]
    while numbers and numbers[-1] == 0:  # 8.0 is 8
        numbers.pop()
    return numbers
