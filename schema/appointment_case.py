"""A case as its resident sees it: what a service asks, what they answered, and by which door everything happened."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import strawberry
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.policies import PUBLIC
from auth.sessions.tables import Session
from flows.appointments.booking import Comer
from flows.appointments.cases.past import app, past_of
from flows.appointments.errors import AnswerRefusedError
from flows.appointments.finding import booking_of
from flows.appointments.papers.keeping import papers_of
from flows.appointments.papers.questions import questions_of
from flows.appointments.persons import person_by_number, person_of
from flows.appointments.tables import AppointmentService
from schema.context import Context, Info
from schema.scalars import DateTimeText, text

POLICIES = {
    "AppointmentQuestion": PUBLIC,
    "AppointmentChoice": PUBLIC,
    "AppointmentAnswer": PUBLIC,  # as MyAppointment
    "AppointmentStep": PUBLIC,
}


@strawberry.type(name="AppointmentChoice", description="One of the answers to choose from.")
class ChoiceShown:
    """A choice."""

    value: str
    title_zh: str
    title_en: str


@strawberry.type(name="AppointmentQuestion", description="What a service asks. It never asks who the resident is.")
class QuestionShown:
    """A question."""

    name: str
    title_zh: str
    title_en: str
    kind: str = strawberry.field(description="`text`, `choice`, `date` (2027-01-01) or `yes_no` (`yes`, `no`).")
    choices: list[ChoiceShown]
    required_by: str | None = strawberry.field(
        description="Needed to `confirm` an appointment or by `arrival`; null: whoever likes answers it."
    )


@strawberry.type(name="AppointmentAnswer", description="What was answered, by whichever door.")
class AnswerShown:
    """An answer."""

    question: str
    value: str


@strawberry.input(name="AppointmentAnswerInput", description="An answer to a question of the service.")
class AnswerGiven:
    """An answer."""

    question: str
    value: str = strawberry.field(description="Empty takes an answer back.")


@strawberry.type(name="AppointmentStep", description="Something that happened to an appointment.")
class StepShown:
    """A step."""

    at: DateTimeText
    event: str = strawberry.field(description="Such as `confirm`, `answer`, `move`, `cancel`.")
    by: str = strawberry.field(description="The door that it came by, in Chinese words.")
    by_en: str
    starts_at: DateTimeText | None = strawberry.field(description="The time that was booked by it.")


Answers = Annotated[list[AnswerGiven], strawberry.argument(description="Answers to the service's questions.")]


@strawberry.type(name="AppointmentCase")
class CaseFields:
    """What an appointment keeps when its time is moved."""

    id: strawberry.ID

    @strawberry.field(description="What was answered, in the order of the service's questions.")  # type: ignore[untyped-decorator]  # strawberry's
    async def answers(self, info: Info) -> list[AnswerShown]:
        platform = info.context.platform
        async with platform.database.snapshot() as session:
            row = await booking_of(session, UUID(self.id))
            service = await session.get_one(AppointmentService, row.service)
            said = (await papers_of(session, platform.environment.keys.cipher, row.uid)).answers
        names = [each.name for each in questions_of(service.questions)]
        return [AnswerShown(question=each, value=said[each]) for each in names if each in said]

    @strawberry.field(description="Everything that happened to it, also before it was moved, the first one first.")  # type: ignore[untyped-decorator]  # strawberry's
    async def history(self, info: Info) -> list[StepShown]:
        async with info.context.platform.database.snapshot() as session:
            row = await booking_of(session, UUID(self.id))
            past = await past_of(session, row.uid)
        return [
            StepShown(
                at=text(each.at),
                event=each.event,
                by=each.by.zh,
                by_en=each.by.en,
                starts_at=text(each.starts_at) if each.starts_at else None,
            )
            for each in past
            if each.event != "note"  # staff's
        ]


def shown_questions(service: AppointmentService) -> list[QuestionShown]:
    """Return what a service asks."""
    return [
        QuestionShown(
            name=each.name,
            title_zh=each.title_zh,
            title_en=each.title_en,
            kind=each.kind,
            choices=[
                ChoiceShown(value=choice.value, title_zh=choice.title_zh, title_en=choice.title_en)
                for choice in each.choices
            ],
            required_by=each.required_by,
        )
        for each in questions_of(service.questions)
    ]


def answers_of(given: Sequence[AnswerGiven]) -> dict[str, str]:
    """Return given answers by their questions. Raises AnswerRefusedError."""
    read = {each.question: each.value for each in given}
    if len(read) < len(given):
        raise AnswerRefusedError("A question is answered twice", "", fix="Send one answer to each.")
    return read


async def comer_of(
    context: Context, session: AsyncSession, owner: Session, companions: list[str], answers: Sequence[AnswerGiven] = ()
) -> Comer:
    """Return a resident with those who come along, as whoever books. Raises AnswerRefusedError, IdNumberError."""
    keys = context.platform.environment.keys
    persons = [await person_of(session, owner.account_id)]
    persons += [await person_by_number(session, keys, each) for each in companions]
    by = {"door": app(owner.channel)}
    return Comer(f"account:{owner.account_id}", owner.account_id, persons, answers_of(answers), details=by)
