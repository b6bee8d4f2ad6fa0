"""Whose account it is, and what joins or leaves it: every rule by its id, and what holds whatever the values are."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from auth.linking import (
    PHONE_TRUSTED_FOR,
    PROOF_FRESH_FOR,
    Identity,
    Proof,
    Side,
    find_account,
    may_merge,
    may_sign_in_by_phone,
    may_stay,
    may_unlink,
)

NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)
A, B = UUID(int=1), UUID(int=2)
WECHAT = Identity(provider="wechat", tenant="wx1", subject="o1", union_tenant="city", union_subject="u1", account_id=A)
PHONE = Identity(provider="phone", tenant="", subject="ab12", account_id=A, verified_at=NOW - timedelta(days=1))
SECOND = timedelta(seconds=1)


def proof(account: UUID, *methods: str, ago: timedelta = SECOND, transaction: str = "t1") -> Proof:
    return Proof(account, transaction, NOW - ago, methods or ("wx",))


def seen(**changes: str) -> Identity:
    return replace(WECHAT, account_id=None, **changes)


@pytest.mark.parametrize(
    ("identity", "account", "rule"),
    [
        (seen(), A, "account.exact"),
        (seen(union_subject="u2"), A, "account.exact"),  # the exact identity outranks what the host says beside it
        (seen(tenant="wx2", subject="o9"), A, "account.union"),
        (seen(tenant="wx2", subject="o9", union_tenant="province"), None, "account.new"),
        (seen(tenant="wx2", subject="o9", union_subject="u2"), None, "account.new"),
        (seen(tenant="wx2", subject="o9", union_subject=""), None, "account.new"),
        (seen(tenant="wx2"), A, "account.union"),
        (seen(tenant="wx2", union_tenant="", union_subject=""), None, "account.new"),  # an openid is of one app
        (seen(provider="alipay"), None, "account.new"),
    ],
)
def test_whose_account_it_is(identity: Identity, account: UUID | None, rule: str) -> None:
    found = find_account(identity, [WECHAT, PHONE])
    assert (found.account_id, found.decision.rule, found.decision.allowed) == (account, rule, True)


def test_no_union_id_is_not_a_union_id() -> None:
    without = replace(WECHAT, union_subject="")
    assert find_account(seen(subject="o9", union_subject=""), [without]).account_id is None


def test_a_union_id_that_leads_to_two_accounts_opens_neither() -> None:
    other = replace(WECHAT, tenant="wx2", account_id=B)
    found = find_account(seen(tenant="wx3"), [WECHAT, other])
    assert (found.account_id, found.decision.rule) == (None, "account.union-ambiguous")


@pytest.mark.parametrize(
    ("days", "ial", "methods", "rule"),
    [
        (0, 1, ("sms",), "phone.fresh"),
        (89, 2, ("sms",), "phone.fresh"),
        (90, 1, ("sms",), "phone.stale"),
        (90, 4, ("sms", "face"), "phone.stale"),
        (1, 3, ("sms",), "phone.needs-second-factor"),
        (1, 3, ("sms", "wx"), "phone.needs-second-factor"),  # both are the same phone
        (1, 3, ("sms", "face"), "phone.second-factor"),
        (1, 4, ("sms", "pwd"), "phone.second-factor"),
    ],
)
def test_a_sign_in_by_phone(days: int, ial: int, methods: tuple[str, ...], rule: str) -> None:
    decision = may_sign_in_by_phone(NOW - timedelta(days=days), NOW, ial=ial, methods=methods)
    assert decision.rule == rule
    assert decision.allowed is (rule in {"phone.fresh", "phone.second-factor"})


def test_a_number_that_was_never_verified_opens_nothing() -> None:
    assert may_sign_in_by_phone(None, NOW, ial=1).rule == "phone.stale"


@given(st.timedeltas(timedelta(0), timedelta(days=400)), st.integers(1, 4))
def test_a_phone_alone_never_opens_a_proven_account(age: timedelta, ial: int) -> None:
    decision = may_sign_in_by_phone(NOW - age, NOW, ial=ial, methods=["sms"])
    assert bool(decision) is (age < PHONE_TRUSTED_FOR and ial < 3)


MERGES = [
    (Side(account_id=A, ial=3, id_index=b"x"), Side(account_id=A, ial=3, id_index=b"x"), "merge.same-account"),
    (Side(account_id=A, ial=3, id_index=b"x"), Side(account_id=B, ial=4, id_index=b"x"), "merge.same-person"),
    (Side(account_id=A, ial=3, id_index=b"x"), Side(account_id=B, ial=2, id_index=b"x"), "merge.real-person-first"),
    (
        Side(account_id=A, ial=3, id_index=b"x"),
        Side(account_id=B, ial=2, id_index=b"x", used=False),
        "merge.waiting-account",
    ),
    (
        Side(account_id=A, ial=2, id_index=b"x"),
        Side(account_id=B, ial=2, id_index=b"x", used=False),
        "merge.real-person-first",
    ),
    (Side(account_id=A, ial=3, id_index=b"x"), Side(account_id=B, ial=1, id_index=b"x"), "merge.unproven-id"),
    (Side(account_id=A, ial=2, id_index=b"x"), Side(account_id=B, ial=3, id_index=b"y"), "merge.two-people"),
    (Side(account_id=A, ial=3, id_index=b"x"), Side(account_id=B, ial=1), "merge.unproven"),
    (Side(account_id=A, ial=1), Side(account_id=B, ial=1), "merge.unproven"),
]


@pytest.mark.parametrize(("one", "other", "rule"), MERGES)
def test_a_merge_by_what_is_known(one: Side, other: Side, rule: str) -> None:
    decision = may_merge(one, other, NOW)
    assert decision.rule == rule
    assert decision.allowed is (rule in {"merge.same-person", "merge.waiting-account"})


PROOFS = [
    (proof(A), proof(B), "merge.proven-together"),
    (proof(A), proof(B, "sms", "pwd"), "merge.proven-together"),
    (proof(A), proof(B, ago=PROOF_FRESH_FOR - SECOND), "merge.proven-together"),
    (proof(A), proof(B, ago=PROOF_FRESH_FOR), "merge.stale-proof"),
    (proof(A, ago=PROOF_FRESH_FOR), proof(B), "merge.stale-proof"),
    (proof(A), proof(B, transaction="t2"), "merge.two-transactions"),
    (proof(A, transaction=""), proof(B, transaction=""), "merge.two-transactions"),
    (proof(A), proof(B, "sms"), "merge.phone-alone"),
    (proof(A, "sms", "mfa", "ticket"), proof(B), "merge.phone-alone"),
    (proof(A), proof(A), "merge.foreign-proof"),
    (proof(A), None, "merge.unproven"),
]


@pytest.mark.parametrize(("one", "other", "rule"), PROOFS)
def test_a_merge_by_fresh_proof(one: Proof, other: Proof | None, rule: str) -> None:
    sides = Side(account_id=A, ial=2, id_index=b"x", proof=one), Side(account_id=B, ial=1, proof=other)
    decision = may_merge(*sides, NOW)
    assert decision.rule == rule
    assert decision.allowed is (rule == "merge.proven-together")


def test_a_fresh_proof_of_both_saves_the_check_of_the_person() -> None:
    one = Side(account_id=A, ial=3, id_index=b"x", proof=proof(A, "wx", "face"))
    other = Side(account_id=B, ial=2, id_index=b"x", proof=proof(B))
    assert may_merge(one, other, NOW).rule == "merge.proven-together"


def test_a_proven_person_s_account_is_joined_with_a_second_factor_only() -> None:
    for index, rule in ((None, "merge.second-factor"), (b"x", "merge.real-person-first")):
        one = Side(account_id=A, ial=3, id_index=b"x", proof=proof(A))
        other = Side(account_id=B, ial=1 if index is None else 2, id_index=index, proof=proof(B))
        assert may_merge(one, other, NOW).rule == rule


def test_a_merge_lacks_the_same_whichever_account_is_named_first() -> None:
    by_nothing = Side(account_id=A, ial=1, proof=proof(A, "ticket"))
    by_one_factor = Side(account_id=B, ial=3, proof=proof(B))
    for pair in ((by_nothing, by_one_factor), (by_one_factor, by_nothing)):
        assert may_merge(*pair, NOW).rule == "merge.phone-alone"


def sides(account: UUID) -> st.SearchStrategy[Side]:
    methods = st.lists(st.sampled_from(["sms", "wx", "face", "pwd", "mfa", "ticket"]), max_size=3).map(tuple)
    ago = st.timedeltas(timedelta(0), timedelta(minutes=10)).map(lambda each: NOW - each)
    proofs = st.builds(Proof, st.sampled_from([A, B]), st.sampled_from(["", "t1", "t2"]), ago, methods)
    return st.builds(
        Side,
        account_id=st.just(account),
        ial=st.integers(1, 4),
        id_index=st.sampled_from([None, b"x", b"y"]),
        proof=st.none() | proofs,
    )


@given(sides(A), sides(B))
def test_no_merge_without_one_of_the_two_grounds(one: Side, other: Side) -> None:
    decision = may_merge(one, other, NOW)
    assert may_merge(other, one, NOW) == decision  # which account is named first changes nothing
    if decision:
        same_person = one.id_index is not None and one.id_index == other.id_index and min(one.ial, other.ial) >= 3
        proofs = [side.proof for side in (one, other) if side.proof]
        assert same_person or [each.account_id for each in proofs] == [A, B]
        assert same_person or all(set(each.methods) - {"sms", "mfa", "ticket"} for each in proofs)
    if min(one.ial, other.ial) >= 2 and None not in {one.id_index, other.id_index} and one.id_index != other.id_index:
        assert not decision


@pytest.mark.parametrize(
    ("others", "ial", "step_up", "rule"),
    [
        ([PHONE], 1, proof(A), "unlink.another-remains"),
        ([PHONE], 1, None, "unlink.step-up"),
        ([PHONE], 1, proof(B), "unlink.step-up"),
        ([PHONE], 3, proof(A, "ticket"), "unlink.step-up"),  # handed over, not shown
        ([PHONE], 1, proof(A, ago=PROOF_FRESH_FOR), "unlink.step-up"),
        ([], 1, proof(A), "unlink.last-way-in"),
        ([WECHAT], 1, proof(A), "unlink.last-way-in"),  # the very one that leaves
        ([replace(WECHAT, tenant="wx2", subject="o9")], 1, proof(A), "unlink.last-way-in"),  # it would lead back
        ([replace(WECHAT, tenant="wx2", union_subject="u2")], 1, proof(A), "unlink.another-remains"),
        ([replace(PHONE, account_id=B)], 1, proof(A), "unlink.last-way-in"),
        ([replace(PHONE, provider="natid")], 1, proof(A), "unlink.last-way-in"),
        ([replace(PHONE, verified_at=NOW - PHONE_TRUSTED_FOR)], 1, proof(A), "unlink.last-way-in"),
        ([PHONE], 3, proof(A, "wx", "face"), "unlink.last-way-in"),  # a phone alone does not open it
        ([replace(PHONE, provider="alipay")], 3, proof(A, "wx", "face"), "unlink.another-remains"),
        ([replace(PHONE, provider="alipay")], 3, proof(A, "wx"), "unlink.second-factor"),
        ([replace(PHONE, provider="passkey")], 4, proof(A, "wx", "window"), "unlink.another-remains"),
        ([replace(PHONE, provider="alipay")], 4, proof(A, "hwk", "user"), "unlink.another-remains"),
    ],
)
def test_giving_up_a_way_in(others: list[Identity], ial: int, step_up: Proof | None, rule: str) -> None:
    decision = may_unlink(WECHAT, others, NOW, ial=ial, step_up=step_up)
    assert decision.rule == rule
    assert decision.allowed is (rule == "unlink.another-remains")


@given(st.integers(1, 4), st.integers(1, 4), st.booleans())
def test_only_the_first_proof_ends_what_was_there_before(before: int, after: int, used: bool) -> None:  # noqa: FBT001 - drawn
    decision = may_stay(ial_before=before, ial_after=after, used_in_proof=used)
    assert bool(decision) is not (before < 2 <= after and not used)
