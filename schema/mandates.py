"""``agentCode``, ``grantMandate``, ``revokeMandate``, and mandates as both sides see them.

Here only the principal gives a mandate, by their own consent. One that rests on a document (a birth certificate, a
court's order, a company's register) is given where somebody looks at the document.
"""

import strawberry

from auth.assurance import level_of
from auth.mandates.kinds import Evidence, NewMandate, Party, Person
from auth.mandates.mandates import grant, revoke
from auth.mandates.tables import Mandate
from auth.policies import PUBLIC, SIGNED_IN
from auth.residents.shown_codes import ShownCodes
from auth.sessions.sessions import live
from auth.typed_codes import SECONDS
from kernel.clock import Clock
from schema.caller import acting, token_of
from schema.context import Info
from schema.scalars import DateTimeText, moment, text
from schema.ways_in import ShownCode, uuid
from supergraph.slice import Access

POLICIES = {
    "Mandate": PUBLIC,  # both sides come to it by ``me``, its giver by ``grantMandate``
    "Mutation.agentCode": SIGNED_IN,
    "Mutation.grantMandate": Access("L3"),
    "Mutation.revokeMandate": SIGNED_IN,
}

AGENTS = "agent"


@strawberry.type(name="Mandate", description="That somebody may act for somebody else, for named things, until an end.")
class MandateShown:
    """A mandate, without saying who the other side is: they know each other."""

    id: strawberry.ID = strawberry.field(description="The agent sends it as the header `yiwang-acting-for`.")
    kind: str = strawberry.field(description="child, elder or company.")
    scope: list[str] = strawberry.field(description="Services, or `service.operation`.")
    purpose: str
    valid_from: DateTimeText
    expires_at: DateTimeText
    revoked_at: DateTimeText | None
    active: bool = strawberry.field(description="Whether the agent may use it now.")


def shown_mandate(row: Mandate, clock: Clock) -> MandateShown:
    """Return a mandate for either side."""
    return MandateShown(
        id=strawberry.ID(str(row.id)),
        kind=row.kind,
        scope=row.scope,
        purpose=row.purpose,
        valid_from=text(row.valid_from),
        expires_at=text(row.expires_at),
        revoked_at=text(row.revoked_at) if row.revoked_at else None,
        active=row.revoked_at is None and row.valid_from <= clock.now() < row.expires_at,
    )


@strawberry.input(description="What an agent may do.")
class MandateInput:
    """A mandate as it is asked for."""

    agent_code: str = strawberry.field(description="What the agent's `agentCode` shows.")
    scope: list[str] = strawberry.field(description="Up to 20 services, or `service.operation`.")
    purpose: str = strawberry.field(description="What for, in up to 200 characters.")
    expires_at: DateTimeText = strawberry.field(description="Within a year.")
    valid_from: DateTimeText | None = strawberry.field(default=None, description="Now, if it is left out.")


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
        platform = info.context.platform
        clock = platform.environment.clock
        shown = await ShownCodes(platform.environment.redis, AGENTS).take(
            mandate.agent_code, token_of(info.context).sid
        )
        async with acting(info.context, "mandate.granted", f"session:{shown.sid}") as (session, owner):
            agent = await live(session, clock, shown.sid)
            wanted = NewMandate(
                kind="elder",
                principal=Person(owner.account_id),
                agent=agent.account_id,
                scope=tuple(mandate.scope),
                purpose=mandate.purpose,
                valid_from=moment(mandate.valid_from, "validFrom") if mandate.valid_from else None,
                expires_at=moment(mandate.expires_at, "expiresAt"),
                evidence=Evidence("own-consent", f"session {owner.sid}"),
            )
            level = level_of(owner.ial, owner.aal)
            granted = await grant(session, clock, wanted, Party(owner.account_id), level)
        return shown_mandate(granted, clock)

    @strawberry.mutation(description="End a mandate at once, as either of its sides.")  # type: ignore[untyped-decorator]  # strawberry's
    async def revoke_mandate(self, info: Info, id: strawberry.ID) -> MandateShown | None:  # noqa: A002 - the graph's name
        platform = info.context.platform
        clock = platform.environment.clock
        mandate = uuid(id, "id")
        async with acting(info.context, "mandate.revoked", f"mandate:{mandate}") as (session, owner):
            revoked = await revoke(session, clock, mandate, Party(owner.account_id))
        return shown_mandate(revoked, clock)
