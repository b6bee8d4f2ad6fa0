"""``representCompany``, ``grantCompanyMandate``: a company's legal representative lets somebody act for it."""

import strawberry

from adapters.identity import RepresentationRequest
from auth.mandates.errors import NotRegisteredError
from auth.mandates.kinds import Evidence, NewMandate, Organisation
from auth.mandates.representations import Company, believe, forget, party_of, representation_of
from auth.mandates.tables import Representation
from auth.policies import PUBLIC
from auth.residents.shown_codes import AGENTS, ShownCodes
from auth.sessions.sessions import live
from kernel.clock import Clock
from kernel.credit_codes import normal_credit_code
from schema.caller import acting, caller, token_of
from schema.context import Context, Info
from schema.mandates import MandateShown, MandateTerms, given
from schema.registers import registers_for
from schema.scalars import DateTimeText, text
from supergraph.slice import Access

POLICIES = {
    "RepresentedCompany": PUBLIC,  # residents come to their own by ``me`` and ``representCompany``
    "Mutation.representCompany": Access("L3"),
    "Mutation.grantCompanyMandate": Access("L3"),
}


@strawberry.type(name="RepresentedCompany", description="A company whose legal representative a resident is.")
class CompanyShown:
    """A company by the business register's answer."""

    credit_code: str
    name: str
    until: DateTimeText = strawberry.field(description="Then `representCompany` has to ask the register again.")
    active: bool = strawberry.field(description="Whether the resident sees and ends the company's mandates now.")


@strawberry.input(description="For which company an agent acts, and what they may do.")
class CompanyMandateInput(MandateTerms):
    """A mandate that a company's representative gives."""

    credit_code: str = strawberry.field(description="The company's unified social credit code.")
    agent_code: str | None = strawberry.field(
        default=None, description="What the agent's `agentCode` shows; left out, the representative is the agent."
    )


def shown_company(row: Representation, clock: Clock) -> CompanyShown:
    """Return a company for who represents it."""
    return CompanyShown(
        credit_code=row.credit_code,
        name=row.company_name,
        until=text(row.expires_at),
        active=clock.now() < row.expires_at,
    )


@strawberry.type
class CompanyMandateMutations:
    """The part of ``Mutation`` that this file is for."""

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Have the business register asked whether this resident represents a company by law. Then they are "
        "its side of its mandates for a day, also of those that somebody gave before them. Needs L3 and the "
        "resident's consent to `real-name`; tries count as those of `provePerson`."
    )
    async def represent_company(self, info: Info, credit_code: str) -> CompanyShown | None:
        row = await _ask(info.context, normal_credit_code(credit_code))
        return shown_company(row, info.context.platform.environment.clock)

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Let somebody, or this resident, act for a company that the resident represents by law. Needs L3; "
        "the business register is asked as by `representCompany`, unless it was within a day."
    )
    async def grant_company_mandate(self, info: Info, mandate: CompanyMandateInput) -> MandateShown | None:
        environment, code = info.context.platform.environment, normal_credit_code(mandate.credit_code)
        clock, reference = environment.clock, await _reference(info.context, code)
        shown = None
        if mandate.agent_code is not None:
            shown = await ShownCodes(environment.redis, AGENTS).take(mandate.agent_code, token_of(info.context).sid)
        async with acting(info.context, "mandate.granted", "") as (session, owner):
            wanted = NewMandate(
                kind="company",
                principal=Organisation(code),
                agent=(await live(session, clock, shown.sid)).account_id if shown else owner.account_id,
                evidence=Evidence("business-register", reference),
                **mandate.terms(),
            )
            party = await party_of(session, clock, owner.account_id)
            return await given(session, info.context, owner, wanted, party)


async def _reference(context: Context, code: str) -> str:
    """Return the register's reference for who asks, of today or new. Raises NotRegisteredError."""
    async with context.platform.database.session() as session:
        owner = await caller(session, context)
        row = await representation_of(session, context.platform.environment.clock, owner.account_id, code)
    return (row or await _ask(context, code)).reference


async def _ask(context: Context, code: str) -> Representation:
    """Have the register asked, and its answer written down. Raises NotRegisteredError."""
    service, person = await registers_for(context)
    reply = await service.representation(RepresentationRequest(person.name, person.id_number, code))
    if reply.match:
        async with acting(context, "representation.confirmed", f"organisation:{code}") as (session, owner):
            company = Company(code, reply.company_name, reply.reference)
            return await believe(session, context.platform.environment.clock, owner.account_id, company)
    async with acting(context, "representation.denied", f"organisation:{code}") as (session, owner):
        await forget(session, owner.account_id, code)
    raise NotRegisteredError(
        "The business register does not have you as the legal representative of such a company",
        fix="Compare the code with the business licence, or have the representative give you a mandate.",
    )
