"""A resident scans the sticker of a hall: which office they have come to. Its reference is ``office:<code>``.

A sticker never changes, so a picture of it could be scanned anywhere: if it is known where it hangs, the phone has to
be there.
"""

from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.closing import office_of
from flows.appointments.hall.errors import (
    ElsewhereError,
    PositionNeededError,
    StickerForgedError,
    StickerRetiredError,
    TooFarError,
)
from flows.codes.errors import PlaceRefusedError
from flows.codes.place_tables import StaticCode
from flows.codes.places import NEAR_METRES, Standing


async def check_sticker(session: AsyncSession, place: StaticCode) -> None:
    """Refuse a sticker of an office that is not there or is closed, or of another kind.

    Raises PlaceRefusedError, UnknownServiceError.
    """
    kind, _, office = place.reference.partition(":")
    if kind != "office":
        return
    if place.kind != "counter":
        raise PlaceRefusedError(f"A sticker of an office is no {place.kind}", fix="Its kind is counter.")
    if (await office_of(session, office)).closed_at is not None:
        raise PlaceRefusedError(
            f"The office {office} is closed, so that a scan would lead nowhere",
            fix="The file of offices opens it again (`yiwang appointments load`).",
        )


def office_scanned(found: Standing) -> str:
    """Return the code of the office whose sticker was scanned there.

    Raises StickerForgedError, StickerRetiredError, ElsewhereError, PositionNeededError, TooFarError.
    """
    if found.answer == "tampered":
        raise StickerForgedError(
            "The city has not made this code", fix="Look for another sticker, and report this one."
        )
    if found.row is None or found.answer != "valid":
        raise StickerRetiredError("This sticker was replaced", fix="Look for another one, or ask at a counter.")
    kind, _, office = found.row.reference.partition(":")
    if (found.row.kind, kind) != ("counter", "office"):
        raise ElsewhereError("This sticker is of no office's hall", fix="Scan the one in the hall.")
    if found.metres is None and found.row.latitude is not None:
        raise PositionNeededError(
            "This sticker counts only with the phone's position",
            fix="Allow the position and scan again, or have a counter read your pass code or hear your code.",
        )
    if found.is_far:
        raise TooFarError(
            f"The phone is {found.metres} m from this sticker, more than {NEAR_METRES} m",
            fix="Scan it in the hall. If you are there, ask at a counter.",
        )
    return office
