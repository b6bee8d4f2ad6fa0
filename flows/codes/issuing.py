"""Issuing pass codes to a resident: opaque ones by default, signed ones for gates that may be offline.

A phone that signs codes itself is given a credential for it instead.
"""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.errors import AssuranceTooLowError
from flows.codes import device_codes, opaque_codes, pass_codes
from flows.codes.desk import Desk
from flows.codes.device_codes import Credential
from flows.codes.devices import phones_of
from flows.codes.distance import Position
from flows.codes.errors import CodeDeviceUnknownError, CodePurposeUnknownError
from flows.codes.opaque_codes import Meant
from flows.codes.purposes import PURPOSES
from flows.codes.subjects import subject_for
from flows.codes.verifiers import is_group
from supergraph.slice import RANK, Level

MOST_AHEAD = 10
"""Codes in a batch: ten minutes without a network. Each is valid after the one before it, so one stolen lasts 60 s."""

CREDENTIAL_LIFE = timedelta(days=7)
"""Shorter than a previous key is believed (``keys.BELIEVED_AFTER``), so that no rotation cuts a credential off."""


class Wanted(Struct, frozen=True):
    """What for, for which group of verifiers (empty: the purpose's own), how many signed ones (0: an opaque one).

    ``where`` is the phone, if it says so: an opaque code is refused far from there. A signed one is fetched here to be
    shown elsewhere, and judged without us. ``phone`` is the key of one that will sign codes itself.
    """

    purpose: str
    group: str = ""
    signed: int = 0
    where: Position | None = None
    phone: bytes = b""


class Issued(Struct, frozen=True):
    """A code, and when it is shown."""

    text: str
    valid_from: datetime
    valid_until: datetime


async def issue(session: AsyncSession, desk: Desk, account_id: UUID, level: Level, wanted: Wanted) -> list[Issued]:
    """Return codes. Raises CodePurposeUnknownError, AssuranceTooLowError, CodesUnavailableError."""
    subject = await _subject(session, desk, account_id, level, wanted)
    if not wanted.signed:
        return [await _opaque(desk, subject, wanted)]
    return _signed(desk, subject, wanted.purpose, min(wanted.signed, MOST_AHEAD))


async def issue_credential(
    session: AsyncSession, desk: Desk, account_id: UUID, level: Level, wanted: Wanted
) -> tuple[bytes, datetime]:
    """Return a credential by which the account's phone signs codes itself, and its end.

    Raises CodeDeviceUnknownError, and as ``issue``.
    """
    subject = await _subject(session, desk, account_id, level, wanted)
    phones = await phones_of(session, account_id, lock=True)
    phone = next((each for each in phones if each.public == wanted.phone), None)
    if phone is None:
        raise CodeDeviceUnknownError("This phone may not sign codes of yours", fix="Bind it: codeDeviceChallenge.")
    now = desk.clock.now()
    signer = desk.keys().signer(wanted.purpose, now)
    phone.trusted_until = now.replace(microsecond=0) + CREDENTIAL_LIFE
    session.add(phone)
    said = Credential(signer.kid, subject, phone.trusted_until, phone.public)
    return device_codes.issue(signer.private, said), phone.trusted_until


async def _subject(session: AsyncSession, desk: Desk, account_id: UUID, level: Level, wanted: Wanted) -> bytes:
    """Return the holder's name for the verifiers, if the purpose's level is reached."""
    group, needed = wanted.group or wanted.purpose, PURPOSES.get(wanted.purpose)
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
    if group != wanted.purpose and not await is_group(session, group, wanted.purpose):
        raise CodePurposeUnknownError(
            f"No verifiers of a group {group!r} read codes of {wanted.purpose}", fix="Leave group out."
        )
    return await subject_for(session, desk.clock, group, account_id)


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
