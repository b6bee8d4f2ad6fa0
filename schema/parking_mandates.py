"""``signDebitMandate``: a resident lets a host app charge what a vehicle owes after leaving a car park."""

import strawberry

from auth.issuer import issuer
from auth.policies import PUBLIC, SIGNED_IN
from auth.residents.attempts import Limit, attempt
from flows.parking import agreeing
from flows.parking.agreeing import Wanted
from flows.payments.mandates import hear
from flows.payments.tables import DebitMandate
from kernel.money import Fen
from schema.caller import caller
from schema.context import Info
from schema.errors import ArgumentRefusedError, UnknownAppError
from schema.parking import deps_of
from schema.payments import DebitMandateShown, shown_debit_mandate
from schema.scalars import JsonValue
from schema.ways_in import uuid

POLICIES = {
    "DebitMandateSigned": PUBLIC,  # whoever has one was just given it
    "Mutation.signDebitMandate": SIGNED_IN,
}

_SIGNINGS = Limit("debit mandates", 20, 3600)  # each asks a host


@strawberry.type(name="DebitMandateSigned", description="A mandate, and how its resident goes on at the host.")
class SignedShown:
    """What the client needs."""

    mandate: DebitMandateShown
    arguments: JsonValue | None = strawberry.field(
        description="For `wx.navigateToMiniProgram` or `my.paySignCenter`; none: the host has confirmed it."
    )


@strawberry.type
class ParkingMandateMutations:
    """The part of ``Mutation`` that this file is for."""

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Agree that an app charges what a vehicle of the resident's owes after leaving, up to `limitFen` "
        "each time. Open the host's page with `arguments`, then send the very same again: the mandate is `active` "
        "once the host has confirmed it. `consentVersion` is that of the wording on the screen."
    )
    async def sign_debit_mandate(
        self, info: Info, vehicle: strawberry.ID, app: str, limit_fen: int, consent_version: int
    ) -> SignedShown | None:
        platform, wanted_vehicle = info.context.platform, uuid(vehicle, "vehicle")
        product = platform.parking.get(app)
        if product is None:
            raise UnknownAppError(f"No app {app[:80]!r} here charges for parking", fix="Let it be paid by hand.")
        if consent_version < 1:
            raise ArgumentRefusedError("consentVersion is none", fix="Send that of the wording that was shown.")
        environment = platform.environment
        async with platform.database.session() as session:
            owner = await caller(session, info.context)
            await attempt(environment.redis, _SIGNINGS, owner.account_id)
            wanted = Wanted(
                account_id=owner.account_id,
                vehicle_id=wanted_vehicle,
                app_id=app,
                limit_each=Fen(limit_fen),
                consent_version=consent_version,
            )
            address = f"{issuer(environment.settings)}/callbacks/parking/{app}"
            signed = await agreeing.sign(deps_of(info.context, session), product, wanted, address)
        if signed.mandate.state != "signed":
            return SignedShown(mandate=shown_debit_mandate(signed.mandate), arguments=None)
        if not await agreeing.confirmed(product, signed):
            arguments = JsonValue(dict(await product.agree(signed.agreeing)))
            return SignedShown(mandate=shown_debit_mandate(signed.mandate), arguments=arguments)
        async with platform.database.session() as session:
            await hear(session, environment.clock, signed.mandate.id, holds=True)
            row = await session.get_one(DebitMandate, signed.mandate.id)
            return SignedShown(mandate=shown_debit_mandate(row), arguments=None)
