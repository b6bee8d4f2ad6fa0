"""Plates whose owners have agreed with a simulated host that parking fees are taken by themselves."""

from typing import Literal

from msgspec import Struct

Standing = Literal["active", "paused", "overdue", "refused"]


class Agreement(Struct):
    """Whose plate it is, and how the agreement stands."""

    app_id: str
    resident: str
    standing: Standing = "active"


class Agreements:
    """All agreements of one host."""

    def __init__(self) -> None:
        self._by_plate: dict[str, Agreement] = {}

    def sign(self, app_id: str, resident: str, plate: str, standing: Standing = "active") -> None:
        """Do what a resident does in the host app; again with another standing, what became of it."""
        self._by_plate[plate] = Agreement(app_id, resident, standing)

    def end(self, plate: str) -> None:
        """Take an agreement back."""
        self._by_plate.pop(plate, None)

    def of(self, plate: str) -> Agreement | None:
        return self._by_plate.get(plate)
