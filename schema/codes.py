"""``passCode``, ``revokeCodes`` and ``myCodeUses``: the codes that a resident shows, and who has read them."""

from typing import Annotated

import strawberry

from auth.assurance import level_of
from auth.policies import PUBLIC, SIGNED_IN
from auth.residents.attempts import Limit, attempt
from flows.codes.distance import position_of
from flows.codes.issuing import MOST_AHEAD, Issued, Wanted, issue
from flows.codes.pass_codes import REFRESH
from flows.codes.revoking import revoke_all_of
from flows.codes.uses import Read, uses_of
from schema.caller import acting, caller, noting
from schema.context import Info
from schema.errors import ArgumentRefusedError
from schema.position import PositionGiven
from schema.scalars import DateTimeText, check_first, line, text

POLICIES = {
    "Query.myCodeUses": SIGNED_IN,
    "CodeUse": SIGNED_IN,
    "PassCode": PUBLIC,  # whoever has one was just given it
    "PassCodes": PUBLIC,
    "Mutation.passCode": SIGNED_IN,
    "Mutation.revokeCodes": SIGNED_IN,
}

_ISSUED = Limit("pass codes", 30, 60)  # one every half a minute is what an open page fetches
_MOST_USES = 100


@strawberry.type(name="PassCode", description="A code to show: draw `text` as a QR code, error correction level M.")
class PassCodeShown:
    """The server draws nothing: a phone does it faster than a picture travels."""

    text: str
    valid_from: DateTimeText
    valid_until: DateTimeText


@strawberry.type(description="Codes, with the platform's time: a phone's own clock may be wrong.")
class PassCodes:
    """What the resident's screen shows, one after the other."""

    codes: list[PassCodeShown]
    now: DateTimeText
    refresh_seconds: int = strawberry.field(description="How often to fetch the next one while there is a network.")


@strawberry.type(name="CodeUse", description="That somebody has read a code of the resident's.")
class CodeUseShown:
    """Who asked, and what they were told."""

    at: DateTimeText
    verifier_zh: str
    verifier_en: str
    purpose: str
    told: list[str] = strawberry.field(description="What they were told: `level`, `masked_name`; often nothing.")
    result: str = strawberry.field(description="`ok`, or why the code was refused there: `replay`, `revoked`.")
    offline: bool = strawberry.field(description="Whether they judged it themselves and told us later.")


@strawberry.type
class CodeQueries:
    """The part of ``Query`` that this file is for."""

    @strawberry.field(description="Who has read the resident's codes in the last 90 days, the newest first.")  # type: ignore[untyped-decorator]  # strawberry's
    async def my_code_uses(self, info: Info, first: int = 20) -> list[CodeUseShown] | None:
        check_first(first, _MOST_USES)
        async with info.context.platform.database.session() as session:
            owner = await caller(session, info.context)
            return [_use(each) for each in await uses_of(session, owner.account_id, first)]


@strawberry.type
class CodeMutations:
    """The part of ``Mutation`` that this file is for."""

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="A code to show at a gate or counter; each admits once, within a minute. By default the picture "
        "means something to the platform alone. `batch` are up to ten that a gate without a network can judge, one for "
        "each minute from now: fetch them before a basement."
    )
    async def pass_code(
        self,
        info: Info,
        purpose: Annotated[str, strawberry.argument(description="`parking`, `check_in` or `identity`.")],
        batch: Annotated[int, strawberry.argument(description="How many signed ones; 0 is an opaque one.")] = 0,
        group: Annotated[str, strawberry.argument(description="Of verifiers; the purpose's own by default.")] = "",
        phone: Annotated[
            PositionGiven | None,
            strawberry.argument(description="A code that is not signed is refused more than 300 m from there."),
        ] = None,
    ) -> PassCodes | None:
        if not 0 <= batch <= MOST_AHEAD:
            raise ArgumentRefusedError("batch is out of range", fix=f"Ask for 0 to {MOST_AHEAD}.")
        platform = info.context.platform
        where = position_of(phone.latitude, phone.longitude) if phone is not None else None
        if phone is not None and where is None:
            raise ArgumentRefusedError("phone is no position", fix="Send degrees of latitude and longitude.")
        wanted = Wanted(line(purpose, "purpose"), line(group, "group")[:63], batch, where)
        async with platform.database.session() as session:
            owner = await caller(session, info.context)
            await attempt(platform.environment.redis, _ISSUED, owner.account_id)
            level = level_of(owner.ial, owner.aal)
            issued = await issue(session, platform.desk, owner.account_id, level, wanted)
        codes = [_code(each) for each in issued]
        now = text(platform.environment.clock.now())
        return PassCodes(codes=codes, now=now, refresh_seconds=int(REFRESH.total_seconds()))

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Make every code worthless that the resident was given until now, as when a phone is lost: online "
        "at once, at gates without a network when they have fetched their lists."
    )
    async def revoke_codes(self, info: Info) -> bool | None:
        async with acting(info.context, "codes.revoked", "") as (session, owner):
            clock = info.context.platform.environment.clock
            noting(session, names=await revoke_all_of(session, clock, owner.account_id, "by_holder"))
        return True


def _code(issued: Issued) -> PassCodeShown:
    return PassCodeShown(text=issued.text, valid_from=text(issued.valid_from), valid_until=text(issued.valid_until))


def _use(read: Read) -> CodeUseShown:
    use, verifier = read
    return CodeUseShown(
        at=text(use.used_at),
        verifier_zh=verifier.name_zh,
        verifier_en=verifier.name_en,
        purpose=use.purpose,
        told=use.claims,
        result=use.result,
        offline=use.offline,
    )
