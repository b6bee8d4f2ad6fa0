"""The host apps' own parking products behind one interface, in one set of words.

A host that knows of a stay reminds its driver, lets them pay from the reminder, or takes the fee by itself after they
have left. What a product lacks raises NotOfferedError. Times have a zone, amounts are fen, a stay is known by our
number: the same announced again changes nothing (FM-40).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal, Protocol

from msgspec import Struct

from adapters.channel import Payment, Provider
from kernel.money import Fen

PlateColor = Literal[
    "blue",
    "green",  # small new-energy vehicles
    "yellow_green",  # large new-energy vehicles
    "yellow",
    "black",
    "white",
    "agricultural_yellow",
    "other",
    "unknown",
]

ServiceState = Literal[
    "active",  # the fee can be taken by itself
    "paused",  # by its owner
    "overdue",  # something is unpaid at the host
    "refused",  # the host does not lend to them
    "none",  # not signed, or signed by somebody else than was asked about
]


ChargeState = Literal[
    "unknown",  # the host has not heard of the number
    "accepted",  # and tries
    "paid",
    "failed",  # and tries no more: the fee is owed
    "refunded",
]

ProductKind = Literal["charging", "reminders"]
"""What a product is for: an app has one of each at most. What takes fees by itself may hear of payments, too."""

MEND_COLOR = "Say the plate's colour if it is unknown; else have the fee paid by hand."
"""How to mend that a host has no plates of a colour."""


class Plate(Struct, frozen=True):
    """A number plate, as it was read."""

    number: str
    color: PlateColor = "unknown"


class Stay(Struct, frozen=True, kw_only=True):
    """One stay. ``number`` is ours, letters and digits up to 32; ``lot`` is the host's id of the lot.

    ``reference`` is the host's number of the stay, once it was announced. ``driver``: whose it is at the host, where
    that is known. ``notify_url`` hears when the host changes its mind on whether it takes the fee by itself.
    """

    number: str
    plate: Plate
    lot: str
    lot_name: str
    entered_at: datetime
    free: timedelta = timedelta(0)
    reference: str = ""
    driver: str = ""
    notify_url: str = ""


class Entered(Struct, frozen=True):
    """What the host says to an entry: its own number of the stay, and whether it will take the fee by itself."""

    reference: str
    service: ServiceState


class StayPayment(Struct, frozen=True, kw_only=True):
    """That a stay was paid at the host's cashier: ``number`` is the payment's, ``total`` before any discount."""

    number: str
    transaction: str
    total: Fen
    paid: Fen
    at: datetime
    token: str = ""  # from the host's reminder, if it was paid from there


class Charge(Struct, frozen=True, kw_only=True):
    """The fee of a stay, to be taken by itself. ``number`` is ours, unique for ever, and the idempotency key.

    ``subject`` is what the payer reads; ``notify_url`` hears what became of it.
    """

    number: str
    amount: Fen
    subject: str
    stay: Stay
    left_at: datetime
    notify_url: str


class Charged(Struct, frozen=True, kw_only=True):
    """How a charge stands. Accepted is not paid: a host may say minutes later that it could not (FM-38).

    ``advanced``: the host has paid for its user, who has ``repaid`` it or has not; for us it was paid from the first.
    """

    number: str
    state: ChargeState
    amount: Fen | None = None
    transaction: str = ""
    paid_at: datetime | None = None
    advanced: bool = False
    repaid: bool = False

    def payment(self) -> Payment:
        """Return it as any payment: a charge that failed is a payment that did."""
        return Payment(
            number=self.number,
            state="pending" if self.state == "accepted" else self.state,
            amount=self.amount,
            transaction=self.transaction,
            paid_at=self.paid_at,
            charged=True,
        )


class Agreeing(Struct, frozen=True, kw_only=True):
    """That somebody wants the fees of a plate to be taken by themselves. ``number`` is ours of that agreement.

    ``driver``: who they are at the host. ``notify_url`` hears that they have agreed, at hosts that tell.
    """

    number: str
    plate: Plate
    driver: str
    notify_url: str


class Agreed(Struct, frozen=True):
    """The host's word that an agreement holds, or no longer; ``contract`` is its own number of it."""

    number: str
    contract: str
    holds: bool


class ServiceChanged(Struct, frozen=True):
    """The host's word that a stay's fee can be taken by itself from now on, or no longer; ``at`` is when it changed."""

    stay: str
    reference: str
    service: ServiceState
    at: datetime | None = None


class ParkingCallback(Struct, frozen=True):
    """A verified message of a parking product, and what to answer it with."""

    about: Charged | Agreed | ServiceChanged
    message_id: str
    reply: bytes
    reply_type: str


class Charging(Protocol):
    """What takes fees by itself at one host, by an agreement that its user has signed there."""

    async def charge(self, charge: Charge) -> Charged:
        """Have a fee taken. OutcomeUnknownError: query, never with another number. OrderRefusedError: it is owed."""
        ...

    async def query_charge(self, number: str) -> Charged:
        """Ask how a charge stands."""
        ...


class ParkingProduct(Charging, Protocol):
    """One app's parking product at one host.

    ``vouches``: what it says of a driver and a plate shows that the host holds the plate for theirs.
    """

    provider: Provider
    vouches: bool
    kind: ProductKind

    async def service_state(self, plate: Plate, driver: str = "") -> ServiceState:
        """Ask whether a plate's fees can be taken by themselves; of a driver at the host, if one is named."""
        ...

    async def agree(self, agreeing: Agreeing) -> Mapping[str, object]:
        """Return with what the client opens the host's own page on which its user agrees."""
        ...

    async def announce_entry(self, stay: Stay) -> Entered:
        """Tell that a vehicle has come. An entry in the future is told as now: gates' clocks run ahead (FM-37)."""
        ...

    async def announce_payment(self, stay: Stay, payment: StayPayment) -> None:
        """Tell that a stay was paid through this host, after its entry and before its exit."""
        ...

    async def announce_exit(self, stay: Stay, left_at: datetime) -> None:
        """Tell that a vehicle has left: the last that is told of a stay."""
        ...

    def read_callback(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> ParkingCallback:
        """Verify a message of the host's. SignatureRefusedError."""
        ...
