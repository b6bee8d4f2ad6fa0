"""Passkeys at the provider's pages: challenges that one browser's page is given, good once and for five minutes.

A challenge is made for one thing: a sign-in under way, which is one browser's by its cookie, or a session that adds a
passkey. So an answer counts nowhere else, whoever made or saw it.
"""

from collections.abc import Collection
from uuid import UUID

from msgspec import Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.accounts import detach
from auth.accounts.passkeys import (
    Held,
    add_passkey,
    demanded,
    handle_of,
    locked,
    may_add,
    methods_of,
    passkey_of,
    passkeys_of,
    used,
)
from auth.accounts.tables import Account
from auth.assurance import aal_of
from auth.decisions import Decision
from auth.errors import PasskeyRefusedError
from auth.linking import PROOF_FRESH_FOR
from auth.provider.codes import OnceStore
from auth.provider.environment import Environment
from auth.sessions.sessions import SignIn
from auth.sessions.tables import Session
from auth.webauthn import (
    Answer,
    Keyholder,
    Known,
    Party,
    Shown,
    asks_for_key,
    asks_for_new_key,
    judge_made,
    judge_shown,
    new_challenge,
    party_of,
    read_made,
    read_shown,
)
from kernel.audit.entries import Event, append
from kernel.clock import Clock

CHALLENGE_SECONDS = 300
_NO_PARTY = "Passkeys need a host name, and the issuer is an IP address"


class Challenge(Struct, frozen=True, kw_only=True):
    """What a challenge is for: a ``sign_in`` under way, a step-up of one ``account``; or a session, ``adding_to``."""

    sign_in: str = ""
    account: UUID | None = None
    adding_to: str = ""


class Signed(Struct, frozen=True):
    """Whose passkey has signed. ``cloned``: it was given up for it, with its sessions; nobody is signed in."""

    account: Account
    held: Held
    cloned: bool = False

    def sign_in(self, client_id: str, device: str) -> SignIn:
        """Return it as the sign-in of a browser."""
        methods = methods_of(self.held.passkey)
        return SignIn(
            account_id=self.account.id,
            identity_id=self.held.identity.id,
            client_id=client_id,
            channel="web",
            ial=self.account.ial,
            aal=aal_of(methods),
            amr=methods,
            device=device,
        )


async def ask(environment: Environment, sign_in: str, account: UUID | None = None, held: Collection[Held] = ()) -> str:
    """Return the options by which a sign-in's page asks for a passkey; for a step-up of an account, those it has.

    Empty where there can be none.
    """
    party = party_of(environment.issuer)
    if party is None:
        return ""
    challenge = await _challenges(environment).put(Challenge(sign_in=sign_in, account=account), new_challenge())
    return asks_for_key(party, challenge, [each.identity.subject for each in held])


async def signed_in_by(session: AsyncSession, environment: Environment, sign_in: str, text: str) -> Signed:
    """Take a passkey's answer in a sign-in. Raises PasskeyRefusedError, AccountClosedError.

    One that was cloned is given up at once, to be committed: the answer says so.
    """
    party, answer = _party(environment), read_shown(text)
    challenge = await _taken(environment, answer)
    held = await passkey_of(session, party.id, answer.id)
    if challenge.sign_in != sign_in or held is None or challenge.account not in (None, held.identity.account_id):
        raise PasskeyRefusedError("The passkey is unknown here, or another account's", fix="Use another one.")
    row, clock = held.passkey, environment.clock
    shown = judge_shown(party, answer, Known(row.public_key, row.user_handle, row.backup_eligible))
    account, held = await locked(session, held)
    if held is None:
        raise PasskeyRefusedError("The passkey has just been given up", fix="Use another one.")
    if not shown.is_after(held.passkey.sign_count):
        return await _given_up(session, clock, account, held, shown)
    await used(session, clock, held, shown)
    return Signed(account, held)


async def ask_for_new(session: AsyncSession, environment: Environment, owner: Session, name: str) -> str:
    """Return the options by which the page of a session asks for a new passkey; empty where there can be none."""
    party = party_of(environment.issuer)
    if party is None:
        return ""
    held = await passkeys_of(session, owner.account_id)
    challenge = await _challenges(environment).put(Challenge(adding_to=owner.sid), new_challenge())
    keyholder = Keyholder(handle_of(environment.keys, owner.account_id), name)
    return asks_for_new_key(party, challenge, keyholder, [each.identity.subject for each in held])


async def added_by(session: AsyncSession, environment: Environment, owner: Session, text: str, label: str) -> Held:
    """Take a new passkey that a session's page has asked for. Raises PasskeyRefusedError.

    ``judged`` is asked before: here the account's row is locked, and asked again.
    """
    party, answer = _party(environment), read_made(text)
    challenge = await _taken(environment, answer)
    account = await session.get_one(Account, owner.account_id, with_for_update=True, populate_existing=True)
    decision = await judged(session, environment.clock, owner, account)
    if challenge.adding_to != owner.sid or not decision:
        raise PasskeyRefusedError(decision.reason if not decision else "Another page asked for it", fix="Try again.")
    made, clock = judge_made(party, answer), environment.clock
    return await add_passkey(session, clock, environment.keys, account, made=made, label=label)


async def judged(session: AsyncSession, clock: Clock, owner: Session, account: Account) -> Decision:
    """Judge whether a session may add a passkey to its account (``auth.accounts.passkeys.may_add``)."""
    held = await passkeys_of(session, account.id)
    proven_at = owner.aal_time if demanded(account, held) > 1 else owner.auth_time
    fresh = proven_at is not None and clock.now() - proven_at < PROOF_FRESH_FOR
    return may_add(account, held, aal=owner.aal, fresh=fresh, chained=owner.parent_sid is not None)


async def demanded_of(session: AsyncSession, account_id: UUID) -> int:
    """Return what a sign-in has to be worth (``aal``) to add a passkey to an account."""
    return demanded(await session.get_one(Account, account_id), await passkeys_of(session, account_id))


async def _given_up(session: AsyncSession, clock: Clock, account: Account, held: Held, shown: Shown) -> Signed:
    """Give up a passkey that has a copy, and all that it opened: which of the two signs, nobody can tell."""
    known = held.passkey.sign_count
    await detach(session, clock, held.identity, "cloned")
    event = Event(
        actor=f"account:{account.id}",
        action="passkey.cloned",
        object=f"identity:{held.identity.id}",
        result="refused",
        details={"known": known, "shown": shown.sign_count},
    )
    await append(session, clock, event)
    return Signed(account, held, cloned=True)


def _challenges(environment: Environment) -> OnceStore:
    return OnceStore(environment.redis, environment.keys.cipher, "passkey_challenge", CHALLENGE_SECONDS)


def _party(environment: Environment) -> Party:
    if (party := party_of(environment.issuer)) is None:
        raise PasskeyRefusedError(_NO_PARTY, fix="Give the platform a host name.")
    return party


async def _taken(environment: Environment, answer: Answer) -> Challenge:
    """Use an answer's challenge up. Raises PasskeyRefusedError."""
    found = await _challenges(environment).take(answer.challenge, Challenge)
    if found is None:
        raise PasskeyRefusedError("The challenge was used already, is too old, or none of ours", fix="Try again.")
    return found
