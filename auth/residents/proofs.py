"""What a proof of somebody's person does to their account and session, and the face checks that have begun."""

from uuid import UUID

import msgspec
from msgspec import Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.proofing import Evidence, prove
from auth.accounts.tables import Account
from auth.assurance import aal_of, ial_of, stepped_up
from auth.provider.environment import Environment
from auth.residents.attempts import Limit
from auth.sessions.sessions import SignIn, raise_assurance
from auth.sessions.tables import Session
from kernel.redis import key

_SOURCE = "platform"
_COLUMN = "face_check.evidence"
FACE_AAL = 2  # what a sign-in is worth at most by a face: aal 3 takes a key
FACE_CHECK_SECONDS = 900  # more than the identity service gives a person to look into the camera

PROOFS = Limit("proofs", 5, 3600)
"""Names and ID numbers must not be tried out one after the other."""


class Person(Struct, frozen=True):
    """Whom somebody says that they are."""

    name: str
    id_number: str

    def __repr__(self) -> str:
        return "Person(…)"


class Begun(Struct, frozen=True, kw_only=True):
    """A face check under way: which session began it, of whom, and where its person goes on.

    That is a ``page`` of the mini-program at ``host``, or a browser's ``sign_in``, by its id and the browser's digest.
    """

    sid: str
    person: Person
    host: str = ""
    page: str = ""
    sign_in: str = ""
    browser: bytes = b""


async def matched(session: AsyncSession, environment: Environment, owner: Session, person: Person) -> UUID:
    """Take over that the population register knows the person; return the account that it is now."""
    return (await _proven(session, environment, owner, person, "population-register")).id


async def seen(session: AsyncSession, environment: Environment, owner: Session, person: Person) -> UUID:
    """Take over that the person's face was compared with their document; the session rises with it."""
    account = await _proven(session, environment, owner, person, "face-and-document")
    if owner.ended_at is None:
        raise_assurance(session, environment.clock, owner, stepped(owner, account))
        await session.flush()
    return account.id


def stepped(owner: Session, account: Account, method: str = "face") -> SignIn:
    """Return a session's sign-in with a look at its person added to its methods: a second factor, and never a key."""
    methods = stepped_up(owner.amr, (method,))
    return SignIn(
        account_id=account.id,
        identity_id=owner.identity_id,
        client_id=owner.client_id,
        channel=owner.channel,
        ial=account.ial,
        aal=min(aal_of(methods), FACE_AAL),
        amr=methods,
        device=owner.device,
    )


async def person_of(session: AsyncSession, environment: Environment, owner: Session) -> Person | None:
    """Return who an account is proven to be."""
    account = await session.get_one(Account, owner.account_id)
    if account.name is None or account.id_number is None:
        return None
    cipher = environment.keys.cipher
    name = cipher.open("account.name", account.id, account.name)
    return Person(name, cipher.open("account.id_number", account.id, account.id_number))


async def remember(environment: Environment, check: str, begun: Begun) -> None:
    """Keep what is known of a face check until it ends."""
    sealed = environment.keys.cipher.seal(_COLUMN, check, msgspec.json.encode(begun).decode())
    await environment.redis.set(key("face_check", check), sealed, ex=FACE_CHECK_SECONDS)


async def look_up(environment: Environment, check: str) -> Begun | None:
    """Return a face check under way, whoever asks: what depends on it is for the session that began it alone."""
    return _opened(environment, check, await environment.redis.get(key("face_check", check)))


async def take(environment: Environment, owner: Session, check: str) -> Person | None:
    """Return whom this session's face check is of, once; None if it is another's, or over."""
    begun = await look_up(environment, check)
    if begun is None or begun.sid != owner.sid:
        return None
    taken = _opened(environment, check, await environment.redis.getdel(key("face_check", check)))
    return taken.person if taken else None


async def finished(environment: Environment, check: str, browser: bytes) -> None:
    """Remember in whose browser a face check has ended well: its last page may be loaded again."""
    await environment.redis.set(key("face_check", check, "finished"), browser, ex=FACE_CHECK_SECONDS)


async def has_finished(environment: Environment, check: str, browser: bytes) -> bool:
    """Whether a face check has ended well in this browser."""
    return await environment.redis.get(key("face_check", check, "finished")) == browser


def _opened(environment: Environment, check: str, sealed: object) -> Begun | None:
    if not isinstance(sealed, bytes):
        return None
    return msgspec.json.decode(environment.keys.cipher.open(_COLUMN, check, sealed), type=Begun)


async def _proven(
    session: AsyncSession, environment: Environment, owner: Session, person: Person, level: str
) -> Account:
    evidence = Evidence(person.name, person.id_number, _SOURCE, ial_of(_SOURCE, level))
    account = await prove(session, environment.clock, environment.keys, owner, evidence)
    await session.refresh(owner)
    return account
