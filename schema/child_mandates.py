"""``grantChildMandate``: a guardian, confirmed by the household register, acts for a child for a while."""

import strawberry

from adapters.identity import GuardianshipRequest
from auth.accounts.accounts import born_of
from auth.accounts.unclaimed import account_named, by_register
from auth.mandates import kinds
from auth.mandates.errors import NotRegisteredError
from auth.residents.proofs import Person
from kernel.crypto.blind_index import normal_id_number
from schema.caller import acting
from schema.context import Context, Info
from schema.mandates import MandateShown, MandateTerms, given
from schema.proofs import person_named
from schema.registers import registers_for
from supergraph.slice import Access

POLICIES = {"Mutation.grantChildMandate": Access("L3")}


@strawberry.input(description="For which child its guardian acts, and what they may do.")
class ChildMandateInput(MandateTerms):
    """A mandate that a guardian takes."""

    name: str = strawberry.field(description="The child's name, as the household register has it.")
    id_number: str = strawberry.field(description="The child's ID number.")


@strawberry.type
class ChildMandateMutations:
    """The part of ``Mutation`` that this file is for."""

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Act for a child whose guardian this resident is by the household register, for 92 days or until "
        "it is 18; send it again to go on. Needs L3 and the resident's consent to `real-name`; tries count as those of "
        "`provePerson`."
    )
    async def grant_child_mandate(self, info: Info, mandate: ChildMandateInput) -> MandateShown | None:
        environment = info.context.platform.environment
        child = person_named(mandate.name, normal_id_number(mandate.id_number))
        reference = await _confirmed(info.context, child)
        async with acting(info.context, "mandate.granted", "") as (session, owner):
            evidence = by_register(child.name, child.id_number)
            account = await account_named(session, environment.clock, environment.keys, evidence)
            wanted = kinds.NewMandate(
                kind="child",
                principal=kinds.Person(account.id),
                agent=owner.account_id,
                evidence=kinds.Evidence("household-register", reference),
                born=born_of(environment.keys, account),
                **mandate.terms(),
            )
            return await given(session, info.context, owner, wanted, kinds.Party(owner.account_id))


async def _confirmed(context: Context, child: Person) -> str:
    """Return the register's reference. Raises NotRegisteredError, the same for unknown children and for others'."""
    service, guardian = await registers_for(context)
    asked = GuardianshipRequest(guardian.name, guardian.id_number, child.name, child.id_number)
    reply = await service.guardianship(asked)
    if not reply.match:
        raise NotRegisteredError(
            "The household register does not have you as the guardian of such a child",
            fix="Compare the child's name and ID number with the register; else ask at a service counter.",
        )
    return reply.reference
