"""The outbox message of sites' logs."""

from uuid import UUID

from msgspec import Struct

COMPARE = "parking.compare_site_log"


class LogNamed(Struct, frozen=True):
    """A log that was handed in."""

    log_id: UUID
