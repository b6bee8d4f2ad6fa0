"""FHIR's resources, as far as ours fill them: https://hl7.org/fhir/R4. What is empty is left out."""

from datetime import datetime

from msgspec import Struct


class _Part(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A data type, or a part of a resource."""


class Coding(_Part, frozen=True):
    """What a system calls something."""

    system: str
    code: str
    display: str = ""


class CodeableConcept(_Part, frozen=True):
    """Something, as systems call it or in words."""

    coding: tuple[Coding, ...] = ()
    text: str = ""


class Identifier(_Part, frozen=True):
    """What is told apart in a system."""

    system: str
    value: str


class Reference(_Part, frozen=True):
    """To a resource here (``reference``), or to what has no address (``identifier``)."""

    reference: str = ""
    type: str = ""
    identifier: Identifier | None = None
    display: str = ""


class Period(_Part, frozen=True):
    """From when to when."""

    start: datetime | None = None
    end: datetime | None = None


class Participant(_Part, frozen=True):
    """Somebody or something that takes part."""

    status: str
    type: tuple[CodeableConcept, ...] = ()
    actor: Reference | None = None


class Resource(_Part, frozen=True, tag_field="resourceType"):
    """What can be read."""

    id: str


class Schedule(Resource, frozen=True, tag="Schedule"):
    """What serves people at an office: its times are Slots."""

    actor: tuple[Reference, ...]
    active: bool
    identifier: tuple[Identifier, ...] = ()
    service_type: tuple[CodeableConcept, ...] = ()
    planning_horizon: Period | None = None


class Slot(Resource, frozen=True, tag="Slot"):
    """A time of a schedule."""

    schedule: Reference
    status: str
    start: datetime
    end: datetime
    service_type: tuple[CodeableConcept, ...] = ()
    comment: str = ""


class Appointment(Resource, frozen=True, tag="Appointment"):
    """An appointment, or a walk-in's ticket."""

    status: str
    start: datetime
    end: datetime
    created: datetime
    participant: tuple[Participant, ...]
    identifier: tuple[Identifier, ...] = ()
    service_type: tuple[CodeableConcept, ...] = ()
    slot: tuple[Reference, ...] = ()
