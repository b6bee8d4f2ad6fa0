"""``agentCode``, ``grantMandate``, ``revokeMandate``, and mandates as both sides see them.

Here the principal gives a mandate by their own consent. ``child_mandates`` and ``company_mandates`` rest on registers;
what rests on another document is given by an operator who looks at it (``yiwang mandate``).
"""

from typing import Any

import strawberry
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.tables import Account
from auth.assurance import level_of
from auth.mandates.kinds import OWN_CONSENT, Evidence, NewMandate, Party, Person
from auth.mandates.mandates import grant, revoke
from auth.mandates.representations import party_of
from auth.mandates.tables import Mandate
from auth.policies import PUBLIC, SIGNED_IN
from auth.residents.shown_codes import AGENTS, ShownCodes
from auth.sessions.sessions import live
from auth.sessions.tables import Session
from auth.typed_codes import SECONDS
from kernel.masks import masked_name
from schema.caller import about, acting, token_of
from schema.context import Context, Info
from schema.scalars import DateTimeText, moment, text
from schema.ways_in import ShownCode, uuid
from supergraph.slice import Access

POLICIES = {
    "Mandate": PUBLIC,  # both sides come to it by ``me``, its giver by what gives it
    "Mutation.agentCode": SIGNED_IN,
    "Mutation.grantMandate": Access("L3"),
    "Mutation.revokeMandate": SIGNED_IN,
}


@strawberry.type(name="Mandate", description="That somebody may act for somebody else, for named things, until an end.")
class MandateShown:
    """A mandate, saying of the principal what both sides know."""

    id: strawberry.ID = strawberry.field(description="The agent sends it as the header `yiwang-acting-for`.")
    kind: str = strawberry.field(description="child, person (who gave it, or for whom a court has) or company.")
    child_name: str | None = strawberry.field(description="For which child: but for its last character hidden.")
    company_code: str | None = strawberry.field(description="For which company: its unified social credit code.")
    scope: list[str] = strawberry.field(description="Services, or `service.operation`.")
    purpose: str
    valid_from: DateTimeText
    expires_at: DateTimeText
    revoked_at: DateTimeText | None
    active: bool = strawberry.field(description="Whether the agent may use it now.")


async def shown_mandate(session: AsyncSession, context: Context, row: Mandate) -> MandateShown:
    """Return a mandate for either side."""
    return MandateShown(
        id=strawberry.ID(str(row.id)),
        kind=row.kind,
        child_name=await _child_name(session, context, row),
        company_code=row.principal_organisation,
        scope=row.scope,
        purpose=row.purpose,
        valid_from=text(row.valid_from),
        expires_at=text(row.expires_at),
        revoked_at=text(row.revoked_at) if row.revoked_at else None,
        active=row.revoked_at is None and row.valid_from <= context.platform.environment.clock.now() < row.expires_at,
    )


@strawberry.input
class MandateTerms:
    """What every mandate is asked for with; each way of giving one adds whom it is for or to."""

    scope: list[str] = strawberry.field(description="Up to 20 services, or `service.operation`.")
    purpose: str = strawberry.field(description="What for, in up to 200 characters.")
    expires_at: DateTimeText = strawberry.field(
        description="Within a year; a child's within 92 days, then the register is asked anew."
    )
    valid_from: DateTimeText | None = strawberry.field(default=None, description="Now, if it is left out.")

    def terms(self) -> dict[str, Any]:
        """Return them as ``NewMandate`` takes them."""
        return {
            "scope": tuple(self.scope),
            "purpose": self.purpose,
            "valid_from": moment(self.valid_from, "validFrom") if self.valid_from else None,
            "expires_at": moment(self.expires_at, "expiresAt"),
        }


@strawberry.input(description="What an agent may do.")
class MandateInput(MandateTerms):
    """A mandate that its principal gives."""

    agent_code: str = strawberry.field(description="What the agent's `agentCode` shows.")


async def given(session: AsyncSession, context: Context, owner: Session, wanted: NewMandate, by: Party) -> MandateShown:
    """Give a mandate in the transaction of ``acting``, and return it as its giver sees it."""
    level = level_of(owner.ial, owner.aal)
    row = await grant(session, context.platform.environment.clock, wanted, by, level)
    about(session, f"mandate:{row.id}")
    return await shown_mandate(session, context, row)


@strawberry.type
class MandateMutations:
    """The part of ``Mutation`` that this file is for."""

    @strawberry.mutation(description="Make a code by which somebody names this resident as their agent.")  # type: ignore[untyped-decorator]  # strawberry's
    async def agent_code(self, info: Info) -> ShownCode | None:
        environment = info.context.platform.environment
        code = await ShownCodes(environment.redis, AGENTS).show(token_of(info.context).sid)
        return ShownCode(code=code, expires_in=SECONDS)

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Let somebody act for this resident, for named services or operations, until an end. Needs L3."
    )
    async def grant_mandate(self, info: Info, mandate: MandateInput) -> MandateShown | None:
        environment = info.context.platform.environment
        shown = await ShownCodes(environment.redis, AGENTS).take(mandate.agent_code, token_of(info.context).sid)
        async with acting(info.context, "mandate.granted", "") as (session, owner):
            wanted = NewMandate(
                kind="person",
                principal=Person(owner.account_id),
                agent=(await live(session, environment.clock, shown.sid)).account_id,
                evidence=Evidence(OWN_CONSENT, f"session {owner.sid}"),
                **mandate.terms(),
            )
            return await given(session, info.context, owner, wanted, Party(owner.account_id))

    @strawberry.mutation(description="End a mandate at once, as either of its sides.")  # type: ignore[untyped-decorator]  # strawberry's
    async def revoke_mandate(self, info: Info, id: strawberry.ID) -> MandateShown | None:  # noqa: A002 - the graph's name
        clock = info.context.platform.environment.clock
        mandate = uuid(id, "id")
        async with acting(info.context, "mandate.revoked", f"mandate:{mandate}") as (session, owner):
            revoked = await revoke(session, clock, mandate, await party_of(session, clock, owner.account_id))
            return await shown_mandate(session, info.context, revoked)


async def _child_name(session: AsyncSession, context: Context, row: Mandate) -> str | None:
    child = await session.get(Account, row.principal_account) if row.kind == "child" else None
    if child is None or child.name is None:
        return None
    return masked_name(context.platform.environment.keys.cipher.open("account.name", child.id, child.name))
