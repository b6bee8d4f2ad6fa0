"""The platform's own part of the graph, assembled: every feature adds its field here."""

from functools import cache

import strawberry
from graphql import GraphQLSchema
from strawberry.schema.config import StrawberryConfig

from schema import (
    appointment_acts,
    appointment_answers,
    appointment_case,
    appointment_companions,
    appointment_details,
    appointment_draws,
    appointment_hall,
    appointment_notices,
    appointment_queue,
    appointment_rights,
    appointment_waitlist,
    appointments,
    child_mandates,
    code_devices,
    codes,
    company_mandates,
    consents,
    mandates,
    me,
    my_appointments,
    notices,
    other_screens,
    pages,
    parking,
    parking_acts,
    parking_live,
    parking_lots,
    parking_mandates,
    passkeys,
    payments,
    pickups,
    places,
    proofs,
    security_notices,
    sessions,
    texts,
    vehicle_proofs,
    ways_in,
)
from schema.appointment_acts import AppointmentMutations
from schema.appointment_answers import AnswerMutations
from schema.appointment_companions import CompanionMutations
from schema.appointment_draws import DrawMutations, DrawQueries
from schema.appointment_hall import HallMutations, HallSubscriptions
from schema.appointment_waitlist import WaitlistMutations
from schema.appointments import AppointmentQueries
from schema.child_mandates import ChildMandateMutations
from schema.code_devices import CodeDeviceMutations, CodeDeviceQueries
from schema.codes import CodeMutations, CodeQueries
from schema.company_mandates import CompanyMandateMutations
from schema.consents import ConsentMutations, ConsentQueries
from schema.mandates import MandateMutations
from schema.me import MeMutations, MeQueries
from schema.my_appointments import MyAppointmentQueries
from schema.notices import NoticeMutations
from schema.other_screens import OtherScreenMutations, OtherScreenQueries
from schema.pages import PageMutations
from schema.parking import ParkingQueries
from schema.parking_acts import ParkingMutations
from schema.parking_live import ParkingSubscriptions
from schema.parking_lots import LotQueries
from schema.parking_mandates import ParkingMandateMutations
from schema.payments import PaymentMutations, PaymentQueries
from schema.pickups import PickupQueries
from schema.places import PlaceMutations, PlaceQueries
from schema.policies import guard
from schema.proofs import ProofMutations
from schema.scalars import SCALARS
from schema.sessions import SessionMutations
from schema.vehicle_proofs import VehicleProofMutations
from schema.ways_in import WaysInMutations
from supergraph.slice import Access

POLICIES: dict[str, Access] = {}
for each in (
    texts,
    sessions,
    ways_in,
    proofs,
    mandates,
    child_mandates,
    company_mandates,
    consents,
    me,
    notices,
    security_notices,
    pages,
    passkeys,
    other_screens,
    payments,
    codes,
    code_devices,
    places,
    parking,
    parking_acts,
    parking_live,
    parking_lots,
    parking_mandates,
    vehicle_proofs,
    appointments,
    appointment_acts,
    appointment_answers,
    appointment_case,
    appointment_draws,
    appointment_hall,
    appointment_waitlist,
    pickups,
    appointment_notices,
    appointment_queue,
    appointment_rights,
    appointment_companions,
    appointment_details,
    my_appointments,
):
    POLICIES |= each.POLICIES


@strawberry.type
class Query(
    MeQueries,
    ConsentQueries,
    OtherScreenQueries,
    PaymentQueries,
    CodeQueries,
    CodeDeviceQueries,
    PlaceQueries,
    LotQueries,
    ParkingQueries,
    AppointmentQueries,
    MyAppointmentQueries,
    DrawQueries,
    PickupQueries,
):
    """The root of what the platform answers itself."""


@strawberry.type
class Mutation(
    SessionMutations,
    WaysInMutations,
    ProofMutations,
    MandateMutations,
    ChildMandateMutations,
    CompanyMandateMutations,
    ConsentMutations,
    NoticeMutations,
    MeMutations,
    PageMutations,
    OtherScreenMutations,
    PaymentMutations,
    CodeMutations,
    CodeDeviceMutations,
    PlaceMutations,
    ParkingMutations,
    ParkingMandateMutations,
    VehicleProofMutations,
    AppointmentMutations,
    AnswerMutations,
    DrawMutations,
    HallMutations,
    CompanionMutations,
    WaitlistMutations,
):
    """The root of what residents do with their accounts."""


@strawberry.type
class Subscription(ParkingSubscriptions, HallSubscriptions):
    """The root of what residents watch; it has a path of its own (``gateway.http.live``)."""


@cache
def local_schema() -> GraphQLSchema:
    """Return the platform's own schema as graphql-core's, to stand beside the services; it is the same one always."""
    made = strawberry.Schema(Query, Mutation, Subscription, config=StrawberryConfig(scalar_map=SCALARS))
    schema: GraphQLSchema = made._schema  # noqa: SLF001 - the only way to graphql-core's
    guard(schema, POLICIES)
    return schema
