"""Issuing pass codes to a resident: opaque ones by default, signed ones for gates that may be offline."""

import secrets
from datetime import datetime
from uuid import UUID

from msgspec import Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.errors import AssuranceTooLowError
from flows.codes import opaque_codes, pass_codes
from flows.codes.desk import Desk
from flows.codes.distance import Position
from flows.codes.errors import CodePurposeUnknownError
from flows.codes.opaque_codes import Meant
from flows.codes.purposes import PURPOSES
from flows.codes.subjects import subject_for
from supergraph.slice import RANK, Level

MOST_AHEAD = 10
"""Codes in a batch: ten minutes without a network. Each is valid after the one before it, so one stolen lasts 60 s."""


class Wanted(Struct, frozen=True):
    """What for, for which group of verifiers (empty: the purpose's own), how many signed ones (0: an opaque one).

    ``where`` is the phone, if it says so: an opaque code is refused far from there. A signed one is fetched here to be
    shown elsewhere, and judged without us.
    """

    purpose: str
    group: str = ""
    signed: int = 0
    where: Position | None = None


class Issued(Struct, frozen=True):
    """A code, and when it is shown."""

    text: str
    valid_from: datetime
    valid_until: datetime


async def issue(session: AsyncSession, desk: Desk, account_id: UUID, level: Level, wanted: Wanted) -> list[Issued]:
    """Return codes. Raises CodePurposeUnknownError, AssuranceTooLowError, CodesUnavailableError."""
    needed = PURPOSES.get(wanted.purpose)
    if needed is None:
        raise CodePurposeUnknownError(
            f"Codes are not for {wanted.purpose!r}", fix=f"They are for {', '.join(PURPOSES)}."
        )
    if RANK[level] < RANK[needed]:
        raise AssuranceTooLowError(
            f"A code of {wanted.purpose} needs the assurance level {needed}, the session has {level}",
            needed=needed,
            fix=f"Ask the resident to prove more of who they are: acr_values={needed}",
        )
    subject = await subject_for(session, desk.clock, wanted.group or wanted.purpose, account_id)
    if not wanted.signed:
        return [await _opaque(desk, subject, wanted)]
    return _signed(desk, subject, wanted.purpose, min(wanted.signed, MOST_AHEAD))


async def _opaque(desk: Desk, subject: bytes, wanted: Wanted) -> Issued:
    text, now = opaque_codes.new_text(), desk.clock.now()
    await opaque_codes.keep(desk.redis, text, Meant(subject, wanted.purpose, now, wanted.where))
    return Issued(text, now, now + pass_codes.LIFE)


def _signed(desk: Desk, subject: bytes, purpose: str, count: int) -> list[Issued]:
    now = desk.clock.now()
    signer, first = desk.keys().signer(purpose, now), now.replace(microsecond=0)
    return [
        Issued(
            pass_codes.issue(signer.private, signer.kid, subject, at, secrets.token_bytes(pass_codes.CODE_ID_BYTES)),
            at,
            at + pass_codes.LIFE,
        )
        for at in (first + pass_codes.LIFE * turn for turn in range(count))
    ]
