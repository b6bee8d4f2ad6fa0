"""A case's papers are kept once, sealed, whichever door they came by, and stay when its time is moved."""

from collections.abc import Mapping
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.booking_tables import Booking
from flows.appointments.errors import AnswersNeededError
from flows.appointments.papers.questions import Moment, checked, missing, questions_of
from flows.appointments.papers.tables import CaseNote, CasePapers
from flows.appointments.tables import AppointmentService
from kernel.crypto.fields import FieldCipher

_SEALED, _NOTE = "case_papers.document", "case_note.text"


class Bearer(Struct, frozen=True, omit_defaults=True):
    """Whom staff booked for, where no account says it. ``index``: the ID number's."""

    index: bytes
    id_number: str
    name: str = ""
    phone: str = ""


class Papers(Struct, frozen=True, omit_defaults=True):
    """What a case's papers say. ``bearer`` is None where it is an account's."""

    answers: dict[str, str] = {}
    bearer: Bearer | None = None


async def papers_of(session: AsyncSession, cipher: FieldCipher, case_id: UUID) -> Papers:
    """Return the papers of a case, empty ones where it has none."""
    row = await session.get(CasePapers, case_id)
    return Papers() if row is None else opened(cipher, row)


def opened(cipher: FieldCipher, row: CasePapers) -> Papers:
    """Return what papers say."""
    return msgspec.json.decode(cipher.open(_SEALED, row.case_id, row.document), type=Papers)


async def keep(
    session: AsyncSession,
    cipher: FieldCipher,
    row: Booking,
    given: Mapping[str, str],
    bearer: Bearer | None = None,
) -> list[str]:
    """Keep answers to a booking that the caller has locked, and return the names of those that differ from before.

    Raises AnswerRefusedError.
    """
    if not given and bearer is None:
        return []
    service = await session.get_one(AppointmentService, row.service)
    answers = checked(questions_of(service.questions), given)
    kept = await session.get(CasePapers, row.uid, with_for_update=True, populate_existing=True)
    before = opened(cipher, kept) if kept else Papers()
    changed = [name for name, value in answers.items() if before.answers.get(name, "") != value]
    if not changed and not bearer:
        return []
    after = {name: value for name, value in (before.answers | answers).items() if value}
    papers = Papers(after, before.bearer or bearer)
    kept = kept or CasePapers(case_id=row.uid, document=b"")
    kept.person = papers.bearer.index if papers.bearer else None
    kept.answered = sorted(after)
    kept.document = cipher.seal(_SEALED, row.uid, msgspec.json.encode(papers).decode())
    session.add(kept)
    await session.flush()
    return changed


async def check_answered(session: AsyncSession, row: Booking, by: Moment) -> None:
    """Refuse a booking that lacks answers that are needed by a moment. Raises AnswersNeededError with their names."""
    service = await session.get_one(AppointmentService, row.service)
    if not service.questions:
        return
    kept = await session.get(CasePapers, row.uid)
    if names := missing(questions_of(service.questions), kept.answered if kept else (), by):
        raise AnswersNeededError(f"Not answered yet: {', '.join(names)}", names, fix="Answer these first.")


def sealed_note(cipher: FieldCipher, note_id: UUID, text: str) -> bytes:
    """Return a note's text as its row has it."""
    return cipher.seal(_NOTE, note_id, text)


def note_text(cipher: FieldCipher, row: CaseNote) -> str:
    """Return what a note says."""
    return cipher.open(_NOTE, row.id, row.text)
