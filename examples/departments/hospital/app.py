"""The hospital's HTTP API. Its document, ``swagger.json`` (Swagger 2.0), is kept by hand beside it."""

import datetime as dt
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from litestar import Litestar, Router, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta, Struct

from examples.departments.hospital import booking_api
from examples.departments.hospital.registration import Registration
from examples.departments.hospital.schedule import HALVES, Doctor, Shift, shifts, works
from examples.departments.server import ProblemError, application, needs, now

MINUTES_PER_PATIENT = 8


class Department(Struct):
    """A department of the hospital."""

    code: str
    name: str
    name_en: str
    floor: int
    parent: str | None


class Staff(Struct):
    """Everything in ``staff.json``."""

    departments: list[Department]
    doctors: list[Doctor]


STAFF = msgspec.json.decode(Path(__file__).with_name("staff.json").read_bytes(), type=Staff)
DEPARTMENTS = {department.code: department for department in STAFF.departments}
DOCTORS = {doctor.doctor_id: doctor for doctor in STAFF.doctors}


class Called(Struct):
    """The number that a doctor calls now."""

    doctor_id: int
    doctor: str
    room: str
    number: int


class Queue(Struct):
    """The screen in a department's waiting hall."""

    department: str
    updated_at: dt.datetime
    calling: list[Called]


class Patient(Struct):
    """Who comes."""

    name: Annotated[str, Meta(min_length=1, max_length=60)]
    phone: Annotated[str, Meta(pattern="^1[0-9]{10}$")]
    insurance_card: str | None = None


class AppointmentRequest(Struct):
    """A shift for a patient."""

    shift_id: str
    patient: Patient
    complaint: Annotated[str, Meta(max_length=500)] = ""


class Appointment(Struct):
    """A number in a shift."""

    appointment_no: str
    shift: Shift
    doctor: Doctor
    patient_name: str
    queue_no: int
    come_at: dt.datetime
    state: Literal["booked", "cancelled"] = "booked"


def _department(code: str) -> Department:
    if code in DEPARTMENTS:
        return DEPARTMENTS[code]
    raise ProblemError(f"There is no department {code}; GET /departments lists them.", status_code=404)


def _doctor(doctor_id: int) -> Doctor:
    if doctor_id in DOCTORS:
        return DOCTORS[doctor_id]
    raise ProblemError(f"There is no doctor {doctor_id}.", status_code=404)


def _staff_of(code: str) -> list[Doctor]:
    parts = {_department(code).code, *(part.code for part in STAFF.departments if part.parent == code)}
    return [doctor for doctor in STAFF.doctors if doctor.department in parts]


def _appointment(appointment_no: str, state: State, resident: str) -> Appointment:
    """Return a resident's own appointment; another's is told from none at all by nobody."""
    found: Appointment | None = state.appointments.get(appointment_no)
    if found is None or state.residents[appointment_no] != resident:
        raise ProblemError(f"There is no appointment {appointment_no}.", status_code=404)
    return found


@get("/departments")
async def list_departments() -> list[Department]:
    """List the departments."""
    return STAFF.departments


@get("/departments/{code:str}/doctors")
async def list_doctors(code: FromPath[str]) -> list[Doctor]:
    """List a department's doctors, those of its parts included."""
    return _staff_of(code)


@get("/departments/{code:str}/queue")
async def get_queue(code: FromPath[str]) -> Queue:
    """Read the screen in the waiting hall: it moves on every few minutes while a shift lasts."""
    at, calling = now(), []
    for doctor in _staff_of(code):
        for half, (start, end) in HALVES.items():
            if start <= at.time() < end and works(doctor.doctor_id, at.date(), half):
                minutes = (at.hour - start.hour) * 60 + at.minute - start.minute
                calling.append(Called(doctor.doctor_id, doctor.name, doctor.room, minutes // MINUTES_PER_PATIENT + 1))
    return Queue(code, at.replace(microsecond=0), calling)


@get("/doctors/{doctor_id:int}")
async def get_doctor(doctor_id: FromPath[int]) -> Doctor:
    """Read one doctor."""
    return _doctor(doctor_id)


@get("/doctors/{doctor_id:int}/schedule")
async def get_schedule(
    doctor_id: FromPath[int],
    state: State,
    from_date: FromQuery[dt.date | None] = None,
    days: Annotated[int, QueryParameter(ge=1, le=14)] = 7,
) -> list[Shift]:
    """List a doctor's shifts, today's included."""
    at = now()
    return list(shifts(_doctor(doctor_id), from_date or at.date(), days, at, state.taken))


@post("/appointments", guards=[needs("L2")])
async def create_appointment(
    data: JSONBody[AppointmentRequest], state: State, resident: NamedDependency[str]
) -> Appointment:
    """Take a number."""
    at = now()
    number = data.shift_id[:4]
    doctor = _doctor(int(number) if number.isdecimal() else 0)
    found = [each for each in shifts(doctor, at.date(), 15, at, state.taken) if each.shift_id == data.shift_id]
    if not found:
        raise ProblemError(f"There is no shift {data.shift_id} in the coming two weeks.", status_code=404)
    shift = found[0]
    if shift.state != "open":
        raise ProblemError(f"Shift {shift.shift_id} is {shift.state}; choose another.", status_code=409)
    queue_no = shift.numbers - shift.remaining + 1
    shift.remaining -= 1
    state.taken[shift.shift_id] = state.taken.get(shift.shift_id, 0) + 1
    appointment = Appointment(
        appointment_no=f"GH{at:%y%m%d}{len(state.appointments) + 1:05}",
        shift=shift,
        doctor=doctor,
        patient_name=data.patient.name,
        queue_no=queue_no,
        come_at=shift.starts_at + dt.timedelta(minutes=MINUTES_PER_PATIENT * (queue_no - 1)),
    )
    state.appointments[appointment.appointment_no] = appointment
    state.residents[appointment.appointment_no] = resident
    return appointment


@get("/appointments/{appointment_no:str}", guards=[needs("L2")])
async def get_appointment(appointment_no: FromPath[str], state: State, resident: NamedDependency[str]) -> Appointment:
    """Read an appointment."""
    return _appointment(appointment_no, state, resident)


@post("/appointments/{appointment_no:str}/cancel", status_code=200, guards=[needs("L2")])
async def cancel_appointment(
    appointment_no: FromPath[str], state: State, resident: NamedDependency[str]
) -> Appointment:
    """Give a number back."""
    appointment = _appointment(appointment_no, state, resident)
    if appointment.state == "booked":
        appointment.state = "cancelled"
        state.taken[appointment.shift.shift_id] -= 1
    return appointment


def build() -> Litestar:
    """Build the application without appointments."""
    routes = [
        list_departments,
        list_doctors,
        get_queue,
        get_doctor,
        get_schedule,
        create_appointment,
        get_appointment,
        cancel_appointment,
    ]
    app = application([Router("/his/v2", route_handlers=routes), booking_api.ROUTER], None)
    app.state.registration = Registration()
    app.state.taken, app.state.appointments, app.state.residents = {}, {}, {}
    return app
