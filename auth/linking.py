"""Which account somebody belongs to, and what may join or leave it: decisions on plain values, without a database.

A phone number, a nickname or an unproven ID number being equal never makes two accounts one, so no function here is
even given a nickname, and a number counts only with the proof that stands behind it. Carriers reissue a cancelled
number after 90 days, and whoever knows a number can have made an account with it first.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct

from auth.assurance import aal_of
from auth.assurance_tables import FACTORS
from auth.decisions import Decision, allow, refuse

PHONE_TRUSTED_FOR = timedelta(days=90)  # how long a carrier keeps a cancelled number out of use
PROOF_FRESH_FOR = timedelta(minutes=5)
LOGIN_PROVIDERS = frozenset({"wechat", "alipay", "baidu", "web", "phone", "netid", "passkey"})  # no ID number
PROVEN_ID, REAL_PERSON = 2, 3  # ial: the ID number matches the register; its holder was compared with it


class Identity(Struct, frozen=True, kw_only=True):
    """One way in: ``subject`` at ``provider`` within ``tenant``, such as an openid within a mini-program's app id.

    ``union_subject`` is the host's name for the person across all apps of the owner ``union_tenant``; empty: unknown.
    ``account_id`` is None while no account has it.
    """

    provider: str
    tenant: str
    subject: str
    union_tenant: str = ""
    union_subject: str = ""
    account_id: UUID | None = None
    verified_at: datetime | None = None


class Found(Struct, frozen=True):
    """The account that somebody signs in to; None: make a new one, of level L1."""

    account_id: UUID | None
    decision: Decision


class Proof(Struct, frozen=True):
    """Somebody has shown, by ``methods`` (``amr``), to be an account's person, within one login transaction."""

    account_id: UUID
    transaction: str
    at: datetime
    methods: tuple[str, ...]


class Side(Struct, frozen=True, kw_only=True):
    """One account of a merge: how well its person is proven, their ID number's blind index, and a proof just given.

    ``used`` is false for an account that waits (``auth.accounts.unclaimed``): nobody has ever had a way in to it.
    """

    account_id: UUID
    ial: int
    id_index: bytes | None = None
    used: bool = True
    proof: Proof | None = None


def find_account(seen: Identity, known: Collection[Identity]) -> Found:
    """Find the account of whoever signs in. ``known``: unrevoked identities, at least those equal to ``seen``."""
    ours = [each for each in known if each.account_id is not None and each.provider == seen.provider]
    for each in ours:
        if (each.tenant, each.subject) == (seen.tenant, seen.subject):
            return Found(each.account_id, allow("account.exact", "This identity belongs to the account."))
    united = {each.account_id for each in ours if same_union(each, seen)}
    if len(united) > 1:
        return Found(
            None, allow("account.union-ambiguous", "The host's union id leads to several accounts: prove one.")
        )
    if united:
        return Found(
            united.pop(), allow("account.union", "The host vouches: the same person in another app of one owner.")
        )
    return Found(None, allow("account.new", "Nobody has this identity yet."))


def same_union(one: Identity, other: Identity) -> bool:
    """Whether the host knows two identities as one person's, in apps of one owner."""
    union = (other.provider, other.union_tenant, other.union_subject)
    return all(union) and (one.provider, one.union_tenant, one.union_subject) == union


def may_sign_in_by_phone(
    verified_at: datetime | None, now: datetime, *, ial: int, methods: Collection[str] = ("sms",)
) -> Decision:
    """Judge a sign-in that begins with a phone number. ``ial``: the account's; ``methods``: all of this sign-in's."""
    if verified_at is None or now - verified_at >= PHONE_TRUSTED_FOR:
        return refuse("phone.stale", "The number was verified 90 days ago or more; it may be somebody else's by now.")
    if ial < REAL_PERSON:
        return allow("phone.fresh", "The number was verified within 90 days, and the account holds no strong evidence.")
    if aal_of(methods) >= 2:
        return allow("phone.second-factor", "The number was followed by a factor of another kind.")
    return refuse("phone.needs-second-factor", "A phone alone does not open an account whose person is proven.")


def may_merge(one: Side, other: Side, now: datetime) -> Decision:
    """Judge whether two accounts become one. What they merely have in common is not asked for: it proves nothing."""
    if one.account_id == other.account_id:
        return refuse("merge.same-account", "This is one account already.")
    both_have_ids = one.id_index is not None and other.id_index is not None
    same_id = both_have_ids and one.id_index == other.id_index
    weaker = min(one.ial, other.ial)
    if both_have_ids and not same_id and weaker >= PROVEN_ID:
        return refuse("merge.two-people", "The accounts' proven ID numbers differ.")
    if same_id and (found := _one_real_person(one, other)) is not None:
        return found
    proven = _proven_together(one, other, now)
    if proven or not same_id:
        return proven
    if weaker < PROVEN_ID:
        return refuse("merge.unproven-id", "An ID number that was never checked says nothing about its owner.")
    return refuse(
        "merge.real-person-first", "The ID numbers are equal: have the person compared with the document first."
    )


def may_unlink(
    leaving: Identity, others: Iterable[Identity], now: datetime, *, ial: int, step_up: Proof | None
) -> Decision:
    """Judge whether a way in may be given up. ``others``: the account's unrevoked identities.

    What the host knows as the same person's goes with it (``same_union``): otherwise it led back to the account.
    """
    account = leaving.account_id
    proven = step_up is not None and step_up.account_id == account and _fresh(step_up, now)
    if step_up is None or not proven or FACTORS.keys().isdisjoint(step_up.methods):
        return refuse("unlink.step-up", "Sign in again first: this was not proven within the last five minutes.")
    if ial >= REAL_PERSON and aal_of(step_up.methods) < 2:
        return refuse("unlink.second-factor", "An account whose person is proven is changed with a second factor only.")
    remaining = [each for each in others if each != leaving and not same_union(each, leaving)]
    if not any(_lets_in(each, now, ial) for each in remaining if each.account_id == account):
        return refuse("unlink.last-way-in", "This is the last way to sign in: add another one first.")
    return allow("unlink.another-remains", "Freshly proven, and another way to sign in remains.")


def may_stay(*, ial_before: int, ial_after: int, used_in_proof: bool) -> Decision:
    """Judge whether a session or an identity of an account outlives a proof of its person.

    Before the first proof (ial 2) anybody may have made the account, with somebody else's number: what was there
    before and had no part in the proof has to be confirmed anew by the person who is proven now.
    """
    if ial_before >= PROVEN_ID or ial_after < PROVEN_ID:
        return allow("stay.no-first-proof", "This is not the account's first proof.")
    if used_in_proof:
        return allow("stay.used-in-proof", "The person has just signed in with it.")
    return refuse("stay.before-first-proof", "From before the account's first proof: to be confirmed anew.")


def _one_real_person(one: Side, other: Side) -> Decision | None:
    """Allow two accounts of one ID number what takes no more proof."""
    if min(one.ial, other.ial) >= REAL_PERSON:
        return allow("merge.same-person", "Both accounts are proven to be the same real person's.")
    if max(one.ial, other.ial) >= REAL_PERSON and not (one.used and other.used):
        return allow("merge.waiting-account", "One waits for this real person: nobody was ever in it.")
    return None


def _proven_together(one: Side, other: Side, now: datetime) -> Decision:
    """Judge the proofs of both sides: theirs, of one transaction, fresh, and by more than a message to a phone."""
    if one.proof is None or other.proof is None:
        return refuse("merge.unproven", "Both accounts have to be proven in one sign-in.")
    if (one.proof.account_id, other.proof.account_id) != (one.account_id, other.account_id):
        return refuse("merge.foreign-proof", "A proof is of another account.")
    if not one.proof.transaction or one.proof.transaction != other.proof.transaction:
        return refuse("merge.two-transactions", "The two accounts were proven in different sign-ins.")
    if not (_fresh(one.proof, now) and _fresh(other.proof, now)):
        return refuse("merge.stale-proof", "Prove both accounts again: that was not within the last five minutes.")
    return _enough([(one.ial, one.proof.methods), (other.ial, other.proof.methods)])


def _enough(shown: Collection[tuple[int, Collection[str]]]) -> Decision:
    """Judge each account's ial with the methods by which it was proven."""
    if not all(_beyond_phone(methods) for _, methods in shown):
        return refuse("merge.phone-alone", "A phone number alone does not prove an account.")
    if any(ial >= REAL_PERSON and aal_of(methods) < 2 for ial, methods in shown):
        return refuse("merge.second-factor", "The account whose person is proven has to show a second factor.")
    return allow("merge.proven-together", "Both accounts were proven within five minutes of one sign-in.")


def _fresh(proof: Proof, now: datetime) -> bool:
    return now - proof.at < PROOF_FRESH_FOR


def _beyond_phone(methods: Collection[str]) -> bool:
    return any(method in FACTORS and method != "sms" for method in methods)


def _lets_in(identity: Identity, now: datetime, ial: int) -> bool:
    """Tell whether an identity opens its account by itself today."""
    if identity.provider == "phone":
        return bool(may_sign_in_by_phone(identity.verified_at, now, ial=ial))
    return identity.provider in LOGIN_PROVIDERS
