"""``answerAppointment``: a resident answers what a service asks, when they book or later."""

import strawberry

from auth.policies import SIGNED_IN
from flows.appointments.cases.past import app
from flows.appointments.finding import own_booking
from flows.appointments.history import noted
from flows.appointments.papers.keeping import keep
from schema.appointment_case import Answers, answers_of
from schema.caller import acting
from schema.context import Info
from schema.my_appointments import AppointmentShown, shown_booking
from schema.ways_in import uuid

POLICIES = {"Mutation.answerAppointment": SIGNED_IN}


@strawberry.type
class AnswerMutations:
    """The part of ``Mutation`` that this file is for."""

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Answer questions of an appointment's service, now or later; what was answered otherwise stays."
    )
    async def answer_appointment(
        self, info: Info, appointment: strawberry.ID, answers: Answers
    ) -> AppointmentShown | None:
        wanted, environment = uuid(appointment, "appointment"), info.context.platform.environment
        async with acting(info.context, "appointment.answered", f"booking:{wanted}") as (session, owner):
            row = await own_booking(session, owner.account_id, wanted, lock=True)
            if changed := await keep(session, environment.keys.cipher, row, answers_of(answers)):
                actor, door = f"account:{owner.account_id}", app(owner.channel)
                noted(session, environment.clock, row, "answer", actor, door=door, questions=changed)
            return shown_booking(row)
