"""A case as staff see it: who it is for, masked; when and where; what was answered; what happened, by which door."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct, structs
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.booking_tables import Booking
from flows.appointments.cases.doors import Door
from flows.appointments.cases.past import Step, past_of
from flows.appointments.cases.reaching import Reached, person_of
from flows.appointments.finding import asked_of
from flows.appointments.papers.keeping import note_text, papers_of
from flows.appointments.papers.questions import Question, missing, questions_of
from flows.appointments.papers.tables import CaseNote
from flows.appointments.states import State
from flows.appointments.tables import AppointmentOffice, AppointmentService
from kernel.crypto.fields import FieldCipher
from kernel.masks import masked_id_number, masked_name, masked_phone

_MASKED = "***"


class Named(Struct, frozen=True, rename="camel"):
    """A service or an office."""

    code: str
    name_zh: str
    name_en: str


class Who(Struct, frozen=True, rename="camel"):
    """Whom a case is for, as far as it is known, and never whole; ``has_account``: they see it in their app."""

    name: str
    id_number: str
    phone: str
    has_account: bool


class Choosing(Struct, frozen=True, rename="camel"):
    """An answer to choose."""

    value: str
    title_zh: str
    title_en: str


class Asking(Struct, frozen=True, rename="camel"):
    """A question with its answer, which is ``***`` where this door does not see it, and null where there is none."""

    name: str
    title_zh: str
    title_en: str
    kind: str
    choices: list[Choosing]
    required_by: str | None
    answer: str | None
    is_masked: bool


class CaseLine(Struct, frozen=True, rename="camel"):
    """A case in a list."""

    id: UUID
    code: str
    state: State
    service: Named
    office: Named
    starts_at: datetime
    people: int


class CaseView(CaseLine, frozen=True, rename="camel"):
    """All of a case. ``missing`` names the questions that have to be answered by arrival."""

    ends_at: datetime
    time_zone: str
    channel: str
    is_excused: bool
    who: Who
    questions: list[Asking]
    missing: list[str]
    history: list[Step]


async def line_of(session: AsyncSession, row: Booking) -> CaseLine:
    """Return a case as a list has it."""
    of = await asked_of(session, row)
    return CaseLine(row.uid, row.code, row.state, named(of.service), named(of.office), row.starts_at, row.people)


async def view_of(session: AsyncSession, cipher: FieldCipher, door: Door, row: Booking) -> CaseView:
    """Return all of a case, as a door sees it."""
    of, papers = await asked_of(session, row), await papers_of(session, cipher, row.uid)
    questions = questions_of(of.service.questions)
    return CaseView(
        **structs.asdict(await line_of(session, row)),
        ends_at=row.ends_at,
        time_zone=of.office.time_zone,
        channel=row.channel,
        is_excused=row.excused_at is not None,
        who=_masked(await person_of(session, cipher, row, papers.bearer)),
        questions=[asking_of(each, papers.answers.get(each.name), door) for each in questions],
        missing=missing(questions, papers.answers, "arrival"),
        history=await _history(session, cipher, row.uid),
    )


async def _history(session: AsyncSession, cipher: FieldCipher, case_id: UUID) -> list[Step]:
    notes = (await session.exec(select(CaseNote).where(col(CaseNote.case_id) == case_id))).all()
    texts = {each.id: note_text(cipher, each) for each in notes}
    past = await past_of(session, case_id)
    return [structs.replace(each, text=texts.get(each.note, "")) if each.note else each for each in past]


def _masked(person: Reached) -> Who:
    return Who(
        name=masked_name(person.name) if person.name else "",
        id_number=masked_id_number(person.id_number) if person.id_number else "",
        phone=masked_phone(person.phone) if person.phone else "",
        has_account=person.account_id is not None,
    )


def asking_of(question: Question, answer: str | None, door: Door) -> Asking:
    """Return a question with its answer, as a door sees it."""
    is_masked = question.masked and door.office is None and answer is not None
    return Asking(
        name=question.name,
        title_zh=question.title_zh,
        title_en=question.title_en,
        kind=question.kind,
        choices=[Choosing(each.value, each.title_zh, each.title_en) for each in question.choices],
        required_by=question.required_by,
        answer=_MASKED if is_masked else answer,
        is_masked=is_masked,
    )


def named(row: AppointmentService | AppointmentOffice) -> Named:
    """Return a row's names."""
    return Named(row.code, row.name_zh, row.name_en)
