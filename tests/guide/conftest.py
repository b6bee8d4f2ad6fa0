"""The city of the probes' tests."""

from tests.probes.conftest import city, offices

__all__ = ["city", "offices"]
