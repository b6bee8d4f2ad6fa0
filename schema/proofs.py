"""``provePerson``, ``beginFaceCheck``, ``finishFaceCheck``: residents prove who they are, by the identity service."""

import re
from enum import Enum

import strawberry
from sqlmodel.ext.asyncio.session import AsyncSession

from adapters.identity import IdentityService
from auth.accounts.tables import Account
from auth.clients.clients import BROWSER
from auth.consents.errors import ConsentNeededError
from auth.consents.ledger import may_use, standing
from auth.errors import NoMatchError, SignInRefusedError
from auth.policies import PUBLIC, SIGNED_IN
from auth.residents.app_sessions import moved, renewed
from auth.residents.attempts import Limit, attempt
from auth.residents.proofs import PROOFS, Begun, Person, look_up, matched, person_of, remember, seen, stepped, take
from auth.sessions.tables import Session
from kernel.ids import random_id
from schema.caller import acting, caller, token_of
from schema.context import Context, Info, Platform
from schema.errors import ArgumentRefusedError, NoIdentityServiceError
from schema.sessions import SignedIn, signed_in
from schema.ways_in import following

POLICIES = {
    "FaceCheck": PUBLIC,  # whoever has one has just been given it
    "FaceCheckResult": PUBLIC,  # as above
    "Mutation.provePerson": SIGNED_IN,
    "Mutation.beginFaceCheck": SIGNED_IN,
    "Mutation.finishFaceCheck": SIGNED_IN,
}

_MOST_NAME_CHARACTERS = 100
_MOST_PATH_CHARACTERS = 200
_PATH = re.compile(r"(/[A-Za-z0-9_-]+)+")  # no query either: a page that opens what it is given could leak the code


@strawberry.enum(description="How a face check has ended.")
class FaceCheckState(Enum):
    """The states that the identity service knows."""

    PASSED = "passed"
    FAILED = "failed"


@strawberry.type(
    description="A face check that has begun: open `url` in a web-view. It ends at `returnPath` of the mini-program, "
    "whose query then holds the `check` and the `code` for `finishFaceCheck`."
)
class FaceCheck:
    """A check at the identity service."""

    id: strawberry.ID
    url: str


@strawberry.type(description="How a face check has ended; if it has passed, the session is of a higher level.")
class FaceCheckResult:
    """The state, and tokens that say the new level."""

    state: FaceCheckState
    signed_in: SignedIn | None


@strawberry.type
class ProofMutations:
    """The part of ``Mutation`` that this file is for."""

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Have name and ID number compared with the population register, which raises the level to L2. "
        "Needs the resident's consent to `real-name`; refused in a browser that an app has signed in. Sessions and "
        "ways in from before a first proof end, but for this."
    )
    async def prove_person(self, info: Info, name: str, id_number: str) -> SignedIn | None:
        platform, person = info.context.platform, person_named(name, id_number)
        service = identity_service(platform)
        owner = await admitted(info.context, "real-name")
        if owner.parent_sid is not None:  # whoever sent the link that opened it would become its reader's person
            raise SignInRefusedError("An app has signed this browser in", fix="Prove the person in the app.")
        if not await service.match(person.name, person.id_number):
            raise NoMatchError("Name and ID number do not belong together", fix="Compare both with the ID card.")
        async with acting(info.context, "account.proven", "") as (session, owner):
            kept = await matched(session, platform.environment, owner, person)
            tokens = await following(session, info.context, owner, kept)
        return signed_in(tokens)

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Begin a face check in a mini-program, of the person that the account is proven to be or that is "
        "named. `returnPath` is a page of it, such as `/pages/checked`, without a query. Needs the resident's "
        "consent to `face-comparison`. In a browser the sign-in page offers this: ask for `acr_values=L3`."
    )
    async def begin_face_check(
        self, info: Info, return_path: str, name: str = "", id_number: str = ""
    ) -> FaceCheck | None:
        platform = info.context.platform
        environment, service = platform.environment, identity_service(platform)
        if len(return_path) > _MOST_PATH_CHARACTERS or not _PATH.fullmatch(return_path):
            raise ArgumentRefusedError("returnPath is no page's path", fix="Send one such as /pages/checked.")
        owner = await admitted(info.context, "face-comparison")
        if owner.client_id == BROWSER:
            raise ArgumentRefusedError("A browser has no returnPath", fix="Ask the provider for acr_values=L3.")
        async with platform.database.session() as session:
            known = await person_of(session, environment, owner)
        person = person_named(name, id_number) if name or id_number or known is None else known
        back = f"{environment.issuer}/face-check"
        check = await service.begin_face_check(random_id(), person.name, person.id_number, back)
        begun = Begun(sid=owner.sid, person=person, host=owner.channel, page=return_path)
        await remember(environment, check.id, begun)
        return FaceCheck(id=strawberry.ID(check.id), url=check.url)

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Redeem the code with which a face check of this session ended. If it has passed, the account is "
        "proven and the session is L3."
    )
    async def finish_face_check(self, info: Info, check: strawberry.ID, code: str) -> FaceCheckResult | None:
        platform = info.context.platform
        environment, service = platform.environment, identity_service(platform)
        async with platform.database.session() as session:
            owner = await caller(session, info.context)
        begun = await look_up(environment, str(check))
        if begun is None or begun.sid != owner.sid:
            raise ArgumentRefusedError("This session has begun no such face check", fix="Begin one.")
        state = FaceCheckState(await service.face_check_result(str(check), code))
        if state != FaceCheckState.PASSED:
            return FaceCheckResult(state=state, signed_in=None)
        person = await take(environment, owner, str(check))
        if person is None:
            raise ArgumentRefusedError("The face check was finished already", fix="Begin another one.")
        async with acting(info.context, "account.proven", "") as (session, owner):
            signed_in_ = await _seen(session, info.context, owner, person)
        return FaceCheckResult(state=state, signed_in=signed_in_)


async def _seen(session: AsyncSession, context: Context, owner: Session, person: Person) -> SignedIn:
    environment = context.platform.environment
    kept = await seen(session, environment, owner, person)
    if kept == owner.account_id:
        return signed_in(await renewed(session, environment, owner, token_of(context).fid))
    account = await session.get_one(Account, kept)
    return signed_in(await moved(session, environment, owner, stepped(owner, account), proven_now=True))


async def admitted(context: Context, purpose: str, limit: Limit = PROOFS) -> Session:
    """Return the session of a resident who agrees to a purpose of the platform's, having counted a try of theirs."""
    platform = context.platform
    async with platform.database.session() as session:
        owner = await caller(session, context)
        agreed = await standing(session, owner.account_id, BROWSER)
    decision = may_use(agreed, platform.purposes.current(purpose))
    if not decision:
        raise ConsentNeededError(decision.reason, fix=f"Show the purpose {purpose!r} and send `agree`.")
    await attempt(platform.environment.redis, limit, owner.account_id)
    return owner


def person_named(name: str, id_number: str) -> Person:
    """Return whom two arguments name. Raises ArgumentRefusedError."""
    if not (0 < len(name.strip()) <= _MOST_NAME_CHARACTERS and id_number.strip()):
        raise ArgumentRefusedError("Name or ID number is missing", fix="Send both as the ID card has them.")
    return Person(name.strip(), id_number.strip())


def identity_service(platform: Platform) -> IdentityService:
    """Return the deployment's. Raises NoIdentityServiceError."""
    if platform.identity is None:
        raise NoIdentityServiceError("Nobody can be proven here", fix="The operator sets YIWANG_IDENTITY_URL.")
    return platform.identity
