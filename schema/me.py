"""``Query.me``: what the platform knows of the resident who asks, and ``eraseAccount``.

Names and numbers are masked. In the clear they need L3 and a proof of the last five minutes, so that a phone left on a
table gives away none of them.
"""

import strawberry
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.accounts import identities_of
from auth.accounts.tables import Account, app_of
from auth.assurance import level_of
from auth.clients.clients import BROWSER
from auth.consents.ledger import history
from auth.errors import AssuranceTooLowError, AuthenticationTooOldError
from auth.linking import PROOF_FRESH_FOR
from auth.mandates.mandates import mandates_of, principal_of
from auth.mandates.representations import party_of, representations_of
from auth.policies import SIGNED_IN, refusal
from auth.residents.erasure import erase, may_erase
from auth.residents.holdings import holdings
from auth.sessions.sessions import sessions_of
from auth.sessions.tables import Session
from flows.appointments.deps import Deps
from flows.appointments.hall.holdings import halls_held
from flows.appointments.holdings import appointments_held, erase_appointments
from flows.codes.holdings import codes_held
from flows.parking.holdings import erase_parking, parking_held
from flows.payments import mandates as debits
from flows.payments.holdings import payments_held
from flows.pickups.holdings import erase_pickups, pickups_held
from flows.pickups.pickups import Deps as PickupDeps
from kernel.crypto.fields import FieldCipher
from kernel.masks import masked_id_number, masked_name, masked_phone
from schema.caller import acting, caller, fresh_caller, token_of
from schema.company_mandates import CompanyShown, shown_company
from schema.consents import ClientGrantShown, ConsentShown, shown_consent, shown_grants
from schema.context import Context, Info
from schema.mandates import MandateShown, shown_mandate
from schema.notices import NoticeShown, shown_notices
from schema.parking import deps_of
from schema.passkeys import PasskeyShown, shown_passkeys
from schema.scalars import DateTimeText, JsonValue, text
from schema.security_notices import SecurityNoticeShown, shown_security_notices
from schema.sessions import SessionShown, shown
from supergraph.slice import Access

_IN_THE_CLEAR = Access("L3")

POLICIES = {
    "Query.me": SIGNED_IN,
    "Me": SIGNED_IN,
    "Me.fullName": _IN_THE_CLEAR,
    "Me.fullIdNumber": _IN_THE_CLEAR,
    "Assurance": SIGNED_IN,
    "WayIn": SIGNED_IN,
    "Mutation.eraseAccount": SIGNED_IN,
}


@strawberry.type(description="How surely the resident is known.")
class Assurance:
    """Both numbers of the session, and the level that follows."""

    level: str = strawberry.field(description="L1 to L4, in this session.")
    identity: int = strawberry.field(description="How well the account's person is proven: 1 to 4.")
    sign_in: int = strawberry.field(description="How surely the one who is signed in is that person: 1 to 3.")
    methods: list[str] = strawberry.field(description="How they signed in, as in a token's `amr`.")
    proven_at: DateTimeText | None = strawberry.field(description="When the person was proven.")


@strawberry.type(description="A way in: by which host app, phone number or passkey the account is signed in to.")
class WayIn:
    """An identity, never by its host app's name for the resident."""

    id: strawberry.ID
    provider: str
    app: str = strawberry.field(description="The app id at a host app.")
    since: DateTimeText
    last_used: DateTimeText
    current: bool = strawberry.field(description="Whether this session was opened by it.")
    passkey: PasskeyShown | None = strawberry.field(description="Of a passkey alone.")


@strawberry.type(description="The resident who asks.")
class Me:
    """What is known of them; each field reads for itself."""

    @strawberry.field(description="How surely they are known.")  # type: ignore[untyped-decorator]  # strawberry's
    async def assurance(self, info: Info) -> Assurance:
        async with info.context.platform.database.session() as session:
            owner, account = await _owned(session, info.context)
        return Assurance(
            level=level_of(owner.ial, owner.aal),
            identity=account.ial,
            sign_in=owner.aal,
            methods=owner.amr,
            proven_at=text(account.proofed_at) if account.proofed_at else None,
        )

    @strawberry.field(description="Their name, but for its last character hidden.")  # type: ignore[untyped-decorator]  # strawberry's
    async def name(self, info: Info) -> str | None:
        async with info.context.platform.database.session() as session:
            name = _name(_cipher(info.context), (await _owned(session, info.context))[1])
        return None if name is None else masked_name(name)

    @strawberry.field(description="Their ID number, but for both ends hidden.")  # type: ignore[untyped-decorator]  # strawberry's
    async def id_number(self, info: Info) -> str | None:
        async with info.context.platform.database.session() as session:
            number = _id_number(_cipher(info.context), (await _owned(session, info.context))[1])
        return None if number is None else masked_id_number(number)

    @strawberry.field(description="Their verified phone number, its middle hidden.")  # type: ignore[untyped-decorator]  # strawberry's
    async def phone(self, info: Info) -> str | None:
        async with info.context.platform.database.session() as session:
            owner = await caller(session, info.context)
            rows = await identities_of(session, owner.account_id)
        for row in reversed(rows):
            if row.value is not None:
                return masked_phone(_cipher(info.context).open("identity.value", row.id, row.value))
        return None

    @strawberry.field(description="Their whole name: L3, proven within five minutes.")  # type: ignore[untyped-decorator]  # strawberry's
    async def full_name(self, info: Info) -> str | None:
        async with info.context.platform.database.session() as session:
            owner = await fresh_caller(session, info.context)
            return _name(_cipher(info.context), await session.get_one(Account, owner.account_id))

    @strawberry.field(description="Their whole ID number: L3, proven within five minutes.")  # type: ignore[untyped-decorator]  # strawberry's
    async def full_id_number(self, info: Info) -> str | None:
        async with info.context.platform.database.session() as session:
            owner = await fresh_caller(session, info.context)
            return _id_number(_cipher(info.context), await session.get_one(Account, owner.account_id))

    @strawberry.field(description="Their ways in, the oldest first.")  # type: ignore[untyped-decorator]  # strawberry's
    async def identities(self, info: Info) -> list[WayIn]:
        async with info.context.platform.database.session() as session:
            owner = await caller(session, info.context)
            rows = await identities_of(session, owner.account_id)
            passkeys = await shown_passkeys(session, info.context, owner.account_id)
        return [
            WayIn(
                id=strawberry.ID(str(row.id)),
                provider=row.provider,
                app=app_of(row),
                since=text(row.created_at),
                last_used=text(row.last_used_at),
                current=row.id == owner.identity_id,
                passkey=passkeys.get(row.id),
            )
            for row in rows
        ]

    @strawberry.field(description="What was taken from their ways in or added, and why, the newest first.")  # type: ignore[untyped-decorator]  # strawberry's
    async def security_notices(self, info: Info) -> list[SecurityNoticeShown]:
        return await shown_security_notices(info.context)

    @strawberry.field(description="Where they are signed in, the newest first.")  # type: ignore[untyped-decorator]  # strawberry's
    async def sessions(self, info: Info) -> list[SessionShown]:
        platform = info.context.platform
        async with platform.database.session() as session:
            owner = await caller(session, info.context)
            rows = await sessions_of(session, platform.environment.clock, owner.account_id)
        return [shown(row, owner.sid) for row in rows]

    @strawberry.field(description="What they gave, withdrew or were told, the oldest first.")  # type: ignore[untyped-decorator]  # strawberry's
    async def consents(self, info: Info) -> list[ConsentShown]:
        async with info.context.platform.database.session() as session:
            owner = await caller(session, info.context)
            return [shown_consent(row) for row in await history(session, owner.account_id)]

    @strawberry.field(  # type: ignore[untyped-decorator]  # strawberry's
        description="What a service, or the platform itself, uses data for by law or contract: show what they have not "
        "been told of, then send it with `acknowledge`."
    )
    async def notices(self, info: Info, client: str = BROWSER) -> list[NoticeShown]:
        return await shown_notices(info.context, client)

    @strawberry.field(description="What departments' sites may read.")  # type: ignore[untyped-decorator]  # strawberry's
    async def clients(self, info: Info) -> list[ClientGrantShown]:
        async with info.context.platform.database.session() as session:
            return await shown_grants(session, info.context)

    @strawberry.field(description="The companies that they represent by law, as the register said.")  # type: ignore[untyped-decorator]  # strawberry's
    async def companies(self, info: Info) -> list[CompanyShown]:
        platform = info.context.platform
        async with platform.database.session() as session:
            owner = await caller(session, info.context)
            rows = await representations_of(session, owner.account_id)
        return [shown_company(row, platform.environment.clock) for row in rows]

    @strawberry.field(  # type: ignore[untyped-decorator]  # strawberry's
        description="The mandates to act for them or a company that they represent, ended ones too, the newest first."
    )
    async def mandates_given(self, info: Info) -> list[MandateShown]:
        return await _mandates(info.context, as_agent=False)

    @strawberry.field(description="The mandates by which they act for others, the newest first.")  # type: ignore[untyped-decorator]  # strawberry's
    async def mandates_received(self, info: Info) -> list[MandateShown]:
        return await _mandates(info.context, as_agent=True)

    @strawberry.field(  # type: ignore[untyped-decorator]  # strawberry's
        description="Everything that is held about them, in the clear. Proven within five minutes, and L3 once the "
        "account holds a name."
    )
    async def export(self, info: Info) -> JsonValue | None:
        async with info.context.platform.database.session() as session:
            owner = await fresh_caller(session, info.context)
            account = await session.get_one(Account, owner.account_id)
            if account.name is not None and (refused := refusal(_IN_THE_CLEAR, token_of(info.context))) is not None:
                raise refused
            held = await holdings(session, _cipher(info.context), owner.account_id)
            held["payments"] = await payments_held(session, owner.account_id)
            held["codes"] = await codes_held(session, owner.account_id)
            held["parking"] = await parking_held(deps_of(info.context, session), owner.account_id)
            appointments = Deps(session, info.context.platform.environment.clock)
            held["appointments"] = await appointments_held(appointments, _cipher(info.context), owner.account_id)
            held["appointments"]["tickets"] = await halls_held(appointments, owner.account_id)
            pickups = PickupDeps(session, appointments.clock, info.context.platform.environment.keys)
            held["pickups"] = await pickups_held(pickups, account.id_number_index)
            return JsonValue(held)


@strawberry.type
class MeQueries:
    """The part of ``Query`` that this file is for."""

    @strawberry.field(description="The resident who asks.")  # type: ignore[untyped-decorator]  # strawberry's
    def me(self) -> Me | None:
        return Me()


@strawberry.type
class MeMutations:
    """The part of ``Mutation`` that this file is for."""

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Erase the account for good: who it was is forgotten, and everybody is signed out of it. Proven "
        "within five minutes, and by a face check once the person is proven."
    )
    async def erase_account(self, info: Info) -> bool | None:
        platform = info.context.platform
        async with acting(info.context, "account.erased", "") as (session, owner):
            # who has a hall's or a booking's lock refers to the account meanwhile: that must not wait for this
            account = await session.get_one(Account, owner.account_id, with_for_update={"key_share": True})
            decision = may_erase(owner, platform.environment, ial=account.ial)
            if decision.rule == "erase.second-factor":
                raise AssuranceTooLowError(decision.reason, needed="L3", fix="Have a face check made first.")
            if not decision:
                raise AuthenticationTooOldError(decision.reason, within=PROOF_FRESH_FOR, fix="Sign in again first.")
            # by the ID number, which goes with the account, some of them are known as theirs
            appointments = Deps(session, platform.environment.clock)
            await erase_appointments(appointments, account.id)
            actor = f"account:{account.id}"
            pickups = PickupDeps(session, platform.environment.clock, platform.environment.keys)
            await erase_pickups(pickups, account.id_number_index, actor)
            await erase(session, platform.environment.clock, account)
            await debits.end_all_of(session, platform.environment.clock, account.id, actor=actor, because="erased")
            await erase_parking(deps_of(info.context, session), account.id)
        return True


async def _owned(session: AsyncSession, context: Context) -> tuple[Session, Account]:
    owner = await caller(session, context)
    return owner, await session.get_one(Account, owner.account_id)


async def _mandates(context: Context, *, as_agent: bool) -> list[MandateShown]:
    async with context.platform.database.session() as session:
        owner = await caller(session, context)
        party = await party_of(session, context.platform.environment.clock, owner.account_id)
        return [
            await shown_mandate(session, context, row)
            for row in await mandates_of(session, party)
            if (row.agent_account == party.account if as_agent else party.is_principal(principal_of(row)))
        ]


def _cipher(context: Context) -> FieldCipher:
    return context.platform.environment.keys.cipher


def _name(cipher: FieldCipher, account: Account) -> str | None:
    return None if account.name is None else cipher.open("account.name", account.id, account.name)


def _id_number(cipher: FieldCipher, account: Account) -> str | None:
    return None if account.id_number is None else cipher.open("account.id_number", account.id, account.id_number)
