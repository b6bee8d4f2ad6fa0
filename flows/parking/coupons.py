"""Coupons: amounts off a stay's fee, and what each of them may lower. Pure, for the platform and sites' boxes.

A coupon lowers what was still owed when it was granted and whatever comes after. It gives no money back: what was asked
for before it and has been paid stays paid, and so does what a site's terminal took, of which no moment is known.
Taken back, it counts for who had left by then, whenever that is heard.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from kernel.money import Fen


class Coupon(Struct, frozen=True, omit_defaults=True):
    """An amount off, from when on, and when it was taken back."""

    granted_at: datetime
    amount_fen: int
    revoked_at: datetime | None = None

    def counts(self, left_at: datetime | None) -> bool:
        """Whether it counts for a stay that ended then; None: it goes on."""
        return self.revoked_at is None or (left_at is not None and left_at < self.revoked_at)


class Discount(Struct, frozen=True):
    """An amount off what a fee is above ``above_fen``."""

    fen: Fen
    above_fen: int = 0


def discounts(
    coupons: Iterable[Coupon], payments: Iterable[tuple[datetime, int]], paid_here_fen: int
) -> tuple[Discount, ...]:
    """Return what coupons take off, in the order in which they do.

    ``payments``: when each was asked for, and how much came of it.
    """
    paid = [*payments]
    return tuple(
        Discount(Fen(each.amount_fen), paid_here_fen + sum(fen for at, fen in paid if at <= each.granted_at))
        for each in sorted(coupons, key=lambda each: each.granted_at)
    )


def taken_off(total_fen: int, coupons: Sequence[Discount]) -> int:
    """Return what they take off a fee: never more than it, and of a higher fee never so much that it costs less."""
    left = total_fen
    for each in coupons:
        left -= max(min(each.fen, left - each.above_fen), 0)
    return total_fen - left
