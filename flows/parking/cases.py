"""A visit with all that is known of it beside gate events: what its session's row keeps, what was paid, coupons."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Self
from uuid import UUID

import msgspec
from msgspec import Struct

from flows.parking.coupons import Coupon, Discount, discounts
from flows.parking.fees import Fee
from flows.parking.visits import Visit

_DISPUTES = ("", "decided", "open")


class Facts(Struct, frozen=True, kw_only=True):
    """What a session's row knows that is in no gate event."""

    quoted_until: datetime | None = None
    debited_at: datetime | None = None
    reminders: int = 0
    adjusted_fen: int | None = None
    dispute: str = ""
    orphan_closed_at: datetime | None = None
    written_off_at: datetime | None = None

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]]) -> Self:
        """Take them off the rows of a session: what any says was debited, disputed or written off was."""
        known = {name: [row[name] for row in rows if row[name] is not None] for name in cls.__struct_fields__}
        return cls(
            quoted_until=max(known["quoted_until"], default=None),
            debited_at=min(known["debited_at"], default=None),
            reminders=max(known["reminders"], default=0),
            adjusted_fen=next(iter(known["adjusted_fen"]), None),
            dispute=max(known["dispute"], key=_DISPUTES.index, default=""),
            orphan_closed_at=max(known["orphan_closed_at"], default=None),
            written_off_at=min(known["written_off_at"], default=None),
        )

    def without(self, parted: Sequence[Mapping[str, Any]]) -> Self:
        """Return them less what sessions had brought that were part of this one and turn out not to be."""
        known = msgspec.structs.asdict(self)
        return type(self)(**{name: known[name] for name in known if all(row[name] != known[name] for row in parted)})


class Covering(Struct, frozen=True, kw_only=True):
    """A payment as far as it gives time to leave: it pays the fee as of ``quoted_at``."""

    kind: str
    quoted_at: datetime
    covers_until: datetime
    paid_at: datetime | None

    def covers(self, at: datetime) -> bool:
        """Whether who leaves then owes nothing more.

        A debit never covers: it is for who has left, though its host may say that it was paid at that very moment.
        """
        return self.kind != "debit" and self.paid_at is not None and self.paid_at <= at <= self.covers_until


class Paid(Covering, frozen=True, kw_only=True):
    """A row of ``parking_payment``."""

    order_id: UUID
    amount_fen: int
    refunded_fen: int
    closed_at: datetime | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Take it off a row of the database."""
        values = {name: row[name] for name in cls.__struct_fields__}
        return cls(**values | {"order_id": UUID(int=values["order_id"].int)})

    @property
    def fen(self) -> int:
        """What came and was not given back."""
        return self.amount_fen - self.refunded_fen if self.paid_at else 0


class Case(Struct, frozen=True, kw_only=True):
    """A visit, and the rest. ``free_at``: the last entry of the vehicle before it that had the free minutes.

    ``coupons`` has those that were taken back, too; ``counted`` are those that count.
    """

    visit: Visit
    credential: bytes
    facts: Facts = Facts()
    payments: Sequence[Paid] = ()
    coupons: Sequence[Coupon] = ()
    free_at: datetime | None = None

    @property
    def paid_fen(self) -> int:
        """What came, through the host apps and at the site, and was not given back."""
        return sum(payment.fen for payment in self.payments) + self.visit.paid_here_fen

    @property
    def counted(self) -> list[Coupon]:
        return [each for each in self.coupons if each.counts(self.visit.left_at)]

    @property
    def discounts(self) -> tuple[Discount, ...]:
        """What its coupons take off."""
        asked = ((each.quoted_at, each.fen) for each in self.payments)
        return discounts(self.counted, asked, self.visit.paid_here_fen)

    def paid_by(self, moment: datetime) -> int:
        """What of that had come by a moment; of what was paid at the site no moment is known: all of it."""
        return self.paid_fen - sum(each.fen for each in self.payments if each.paid_at and each.paid_at > moment)

    @property
    def ended_at(self) -> datetime | None:
        """When the vehicle left, or the session was closed because nobody saw it leave."""
        return self.visit.left_at or self.facts.orphan_closed_at

    @property
    def given_up_at(self) -> datetime | None:
        """When it was taken for an orphan and closed, unless it has stood at an exit since: then it was inside."""
        closed, asked = self.facts.orphan_closed_at, self.visit.asked_at
        return None if closed and asked and asked > closed else closed


class Money(Struct, frozen=True):
    """What a visit costs and what was paid for it. ``fee`` None: it goes on, or nobody knows."""

    fee: Fee | None
    paid_fen: int

    @property
    def fen(self) -> int | None:
        return None if self.fee is None else self.fee.total_fen
