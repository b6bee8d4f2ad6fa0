"""How long a service takes: by law and as promised."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from services_catalog.entries.words import Localized

TimeUnit = Literal["working_day", "day", "hour"]

_HOURS = {"hour": 1.0, "working_day": 24.0, "day": 24.0}
_A_WEEK_OVER_ITS_WORKING_DAYS = 7 / 5


class Duration(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An amount of time. Zero: done while the applicant waits."""

    amount: Annotated[int, Meta(ge=0, le=3660, description="A whole number, 0 to 3660.")]
    unit: TimeUnit = "working_day"
    note: Localized | None = None

    def hours(self) -> float:
        """Return how many hours of the calendar it takes in a week without holidays, to compare two of them.

        Exact where the units are the same; five working days are a week, fewer may stand on both sides of a weekend.
        """
        over = _A_WEEK_OVER_ITS_WORKING_DAYS if self.unit == "working_day" else 1.0
        return self.amount * _HOURS[self.unit] * over


class SpecialStep(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A hearing, an expert's review, an announcement: ``counted`` says whether it is within the promised time."""

    name: Localized
    time: Duration
    counted: bool = False
