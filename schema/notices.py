"""``me.notices`` and ``acknowledge``: what data is used for by law or contract, so that residents are told."""

import strawberry

from auth.clients.clients import BROWSER
from auth.consents.ledger import Between, covers, inform, standing
from auth.consents.purposes import OWN
from auth.policies import SIGNED_IN
from schema.caller import caller
from schema.consents import AgreedPurpose, PurposeShown, check_client, shown_purpose
from schema.context import Context, Info

POLICIES = {"Notice": SIGNED_IN, "Mutation.acknowledge": SIGNED_IN}


@strawberry.type(name="Notice", description="A use of data that a resident cannot refuse, and so is told of.")
class NoticeShown:
    """A purpose that does not rest on consent."""

    purpose: PurposeShown
    told: bool = strawberry.field(description="Whether they have been told of it in this version.")


async def shown_notices(context: Context, client: str) -> list[NoticeShown]:
    """Return what a service, or the platform itself, has to tell the resident who asks."""
    platform = context.platform
    notices = platform.purposes.notices(await _purposes_of(context, client))
    async with platform.database.session() as session:
        owner = await caller(session, context)
        known = await standing(session, owner.account_id, client)
    return [NoticeShown(purpose=shown_purpose(each), told=covers(known, each.id, each.version)) for each in notices]


@strawberry.type
class NoticeMutations:
    """The part of ``Mutation`` that this file is for."""

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Write down that the resident was shown these purposes of `me.notices`, each once a version."
    )
    async def acknowledge(self, info: Info, purposes: list[AgreedPurpose], client: str = BROWSER) -> bool | None:
        platform = info.context.platform
        check_client(info.context, client)
        shown = platform.purposes.shown({each.id: each.version for each in purposes})
        async with platform.database.session() as session:
            owner = await caller(session, info.context)
            await inform(session, platform.environment.clock, Between(owner.account_id, client), shown)
        return True


async def _purposes_of(context: Context, client: str) -> list[str]:
    check_client(context, client)
    services = context.platform.services
    service = services.live(client)
    if service is None:
        return list(OWN)
    operations = (await services.slice(service)).operations
    return sorted({each.access.consent for each in operations} - {""})
