"""``agree``, ``withdraw``, ``withdrawConsent``, and what residents are shown before they agree."""

import re
from uuid import UUID

import strawberry
from msgspec import Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.assurance import level_of
from auth.clients import grants
from auth.clients.clients import BROWSER
from auth.clients.tables import Client
from auth.consents import ledger
from auth.consents.ledger import Between
from auth.consents.purposes import Purpose
from auth.consents.tables import Consent
from auth.policies import PUBLIC, SIGNED_IN
from auth.residents.guardians import check_level, spoken_for
from auth.sessions.tables import Session
from schema.caller import acting, caller, noting
from schema.context import Context, Info
from schema.errors import UnknownAppError
from schema.scalars import DateTimeText, text
from schema.texts import LocalizedText
from schema.ways_in import uuid

POLICIES = {
    "Query.purpose": PUBLIC,
    "Purpose": PUBLIC,
    "Consent": SIGNED_IN,
    "ClientGrant": SIGNED_IN,
    "Mutation.agree": SIGNED_IN,
    "Mutation.withdraw": SIGNED_IN,
    "Mutation.withdrawConsent": SIGNED_IN,
}


@strawberry.type(name="Purpose", description="What data is used for: show all of it before you send `agree`.")
class PurposeShown:
    """The wording of a purpose that is in force."""

    id: strawberry.ID
    version: int
    title: LocalizedText
    text: LocalizedText
    fields: list[str] = strawberry.field(description="Which data.")
    legal_basis: str = strawberry.field(description="PIPL article 13: consent, contract, statutory_duty, …")
    need: str = strawberry.field(description="consent; separate-consent: on a screen of its own; notice: only tell.")
    retention_days: float


@strawberry.input(description="A purpose in the version that the resident was shown.")
class AgreedPurpose:
    """What somebody agrees to."""

    id: str
    version: int


@strawberry.type(name="Consent", description="What a resident gave, withdrew or was told, as it was written down.")
class ConsentShown:
    """A line of the ledger."""

    client: str = strawberry.field(description="The service, or `yiwang` for the platform itself.")
    purpose: str
    version: int
    act: str = strawberry.field(description="given, withdrawn or informed.")
    at: DateTimeText
    mandate: strawberry.ID | None = strawberry.field(description="By which mandate a guardian did it in their place.")


@strawberry.type(name="ClientGrant", description="What a resident lets a department's site read.")
class ClientGrantShown:
    """A grant that stands."""

    client: strawberry.ID
    name: LocalizedText
    scopes: list[str]
    since: DateTimeText


class _By(Struct, frozen=True):
    """By which mandate somebody speaks, and what ``spoken_for`` has to know."""

    mandate: UUID | None
    asking: list[list[str]]


def shown_consent(row: Consent) -> ConsentShown:
    """Return a line of the ledger as the graph's."""
    return ConsentShown(
        client=row.client,
        purpose=row.purpose,
        version=row.version,
        act=row.act,
        at=text(row.at),
        mandate=strawberry.ID(str(row.mandate_id)) if row.mandate_id else None,
    )


async def shown_grants(session: AsyncSession, context: Context) -> list[ClientGrantShown]:
    """Return what stands of the resident who asks."""
    owner = await caller(session, context)
    shown = []
    for row in await grants.grants_of(session, owner.account_id):
        client = await session.get_one(Client, row.client_id)
        name = LocalizedText(zh=client.name_zh, en=client.name_en)
        shown.append(
            ClientGrantShown(
                client=strawberry.ID(row.client_id), name=name, scopes=row.scopes, since=text(row.agreed_at)
            )
        )
    return shown


@strawberry.type
class ConsentQueries:
    """The part of ``Query`` that this file is for."""

    @strawberry.field(description="A purpose in the words that are in force.")  # type: ignore[untyped-decorator]  # strawberry's
    def purpose(self, info: Info, id: strawberry.ID) -> PurposeShown | None:  # noqa: A002 - the graph's name
        return shown_purpose(info.context.platform.purposes.current(str(id)))


@strawberry.type
class ConsentMutations:
    """The part of ``Mutation`` that this file is for."""

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Agree to purposes that were shown together on one screen; sensitive ones take a screen each. "
        "`client` is the service that uses the data; left out, the platform itself. `mandate`: a guardian agrees in "
        "the place of a child under 14, which needs L3."
    )
    async def agree(
        self, info: Info, purposes: list[AgreedPurpose], client: str = BROWSER, mandate: strawberry.ID | None = None
    ) -> bool | None:
        platform = info.context.platform
        check_client(info.context, client)
        shown = platform.purposes.shown({each.id: each.version for each in purposes})
        ids = [each.id for each in shown]
        by = await _by(info.context, client, mandate, ids)
        async with acting(info.context, "consent.given", f"client:{client}", purposes=ids) as (session, owner):
            between = await _between(session, info.context, owner, client, by)
            if between.mandate is not None:
                check_level(level_of(owner.ial, owner.aal))
            await ledger.give(session, platform.environment.clock, between, shown)
        return True

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Withdraw consent to a purpose, from the next call on; by a `mandate` that of a child under 14. "
        "True if there was one."
    )
    async def withdraw(
        self, info: Info, purpose: strawberry.ID, client: str = BROWSER, mandate: strawberry.ID | None = None
    ) -> bool | None:
        platform, object_ = info.context.platform, f"client:{_id(client)}"
        id_ = platform.purposes.current(str(purpose)).id
        by = await _by(info.context, client, mandate, [id_])
        async with acting(info.context, "consent.withdrawn", object_, purposes=[id_]) as (session, owner):
            between = await _between(session, info.context, owner, client, by)
            return await ledger.withdraw(session, platform.environment.clock, between, id_)

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Take back all that a department's site may read, and end its tokens. True if that was anything."
    )
    async def withdraw_consent(self, info: Info, client: strawberry.ID) -> bool | None:
        platform = info.context.platform
        async with acting(info.context, "consent.withdrawn", f"client:{_id(str(client))}") as (session, owner):
            ended = await grants.withdraw(session, platform.environment.clock, owner.account_id, str(client))
        return ended > 0


async def _between(session: AsyncSession, context: Context, owner: Session, client: str, by: _By) -> Between:
    """Return whose consent is meant: the caller's, or that of the child for whom they have a mandate."""
    if by.mandate is None:
        return Between(owner.account_id, client)
    noting(session, mandate=str(by.mandate))
    guardian = Between(owner.account_id, client, by.mandate)
    return await spoken_for(session, context.platform.environment, guardian, by.asking)


async def _by(context: Context, client: str, mandate: strawberry.ID | None, purposes: list[str]) -> _By:
    """Return by which mandate consent is given, and for each purpose the operations of the service that ask for it."""
    if mandate is None:
        return _By(None, [])
    services = context.platform.services
    service = services.live(client)
    operations = () if service is None else (await services.slice(service)).operations
    asking = [[each.name for each in operations if each.access.consent == purpose] for purpose in purposes]
    return _By(uuid(mandate, "mandate"), asking)


def _id(client: str) -> str:
    """Return a client's id as the audit log takes it. Raises UnknownAppError for what can be nobody's."""
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,100}", client):
        raise UnknownAppError("There is no such client", fix="Send an id as `me` has it.")
    return client


def check_client(context: Context, client: str) -> None:
    """Let nobody agree to what is not there. Raises UnknownAppError."""
    if client != BROWSER and context.platform.services.live(client) is None:
        raise UnknownAppError(f"No service {client!r} is live", fix="Name the service that uses the data.")


def shown_purpose(purpose: Purpose) -> PurposeShown:
    """Return a wording as the graph's."""
    return PurposeShown(
        id=strawberry.ID(purpose.id),
        version=purpose.version,
        title=LocalizedText(zh=purpose.title.zh, en=purpose.title.en),
        text=LocalizedText(zh=purpose.text.zh, en=purpose.text.en),
        fields=list(purpose.fields),
        legal_basis=purpose.legal_basis,
        need=purpose.need,
        retention_days=purpose.retention.total_seconds() / 86_400,
    )
