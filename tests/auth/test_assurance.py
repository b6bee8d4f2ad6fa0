"""Two numbers make a level, others' numbers are read by their own tables, and no client gets more than is true."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.assurance import (
    LEVELS,
    Aal,
    AcrChoice,
    AcrRequest,
    Level,
    aal_of,
    choose_acr,
    higher,
    ial_of,
    level_of,
    read_acr_request,
    satisfies,
    stepped_up,
)
from auth.assurance_tables import FACTORS, SOURCES, EvidenceSource, Ial
from auth.errors import AssuranceUnknownError

levels = st.sampled_from(LEVELS)
ials = st.sampled_from(get_args(Ial))
aals = st.sampled_from(get_args(Aal))
methods = st.lists(st.sampled_from([*FACTORS, "mfa", "user", "ticket", "unheard-of"]), max_size=6)


@pytest.mark.parametrize(
    ("ial", "by_aal"),
    [(1, ["L1", "L1", "L1"]), (2, ["L2", "L2", "L2"]), (3, ["L2", "L3", "L3"]), (4, ["L2", "L3", "L4"])],
)
def test_both_numbers_decide_the_level(ial: int, by_aal: list[Level]) -> None:
    assert [level_of(ial, aal) for aal in (1, 2, 3)] == by_aal


@given(ials, aals, ials, aals)
def test_more_proof_never_lowers_the_level(ial: Ial, aal: Aal, more_ial: Ial, more_aal: Aal) -> None:
    assert satisfies(level_of(max(ial, more_ial), max(aal, more_aal)), level_of(ial, aal))


@given(levels, levels)
def test_levels_are_ordered(first: Level, second: Level) -> None:
    assert satisfies(first, second) or satisfies(second, first)
    assert higher(first, second) in {first, second}
    assert satisfies(higher(first, second), first)
    assert satisfies(higher(first, second), second)


@pytest.mark.parametrize(
    ("source", "level", "ial"),
    [
        ("guangdong", "2", 1),
        ("guangdong", "4", 3),
        ("iso-29115", "LoA2", 2),
        ("nist-800-63-4", "IAL2", 3),
        ("eidas", "high", 4),
        ("one-login", "P2", 3),
        ("netid", "certified", 3),
        ("platform", "population-register", 2),
        ("platform", "window", 4),
    ],
)
def test_each_source_numbers_its_own_way(source: str, level: str, ial: int) -> None:
    assert ial_of(source, level) == ial


def test_what_no_table_knows_is_worth_nothing() -> None:
    with pytest.raises(AssuranceUnknownError, match="proofs of 'atlantis'") as unknown:
        ial_of("atlantis", "9")
    assert "guangdong" in unknown.value.fix
    with pytest.raises(AssuranceUnknownError, match="no level '1'") as missing:
        ial_of("guangdong", "1")
    assert missing.value.fix == "Its levels here are: 2, 3, 4, 5."


def test_a_deployment_adds_its_own_source() -> None:
    own = {**SOURCES, "hubei": EvidenceSource("Hubei", {"C": 2}, confirmed=True)}
    assert ial_of("hubei", "C", own) == 2


def test_only_what_the_platform_does_itself_is_confirmed() -> None:
    assert [name for name, source in SOURCES.items() if source.confirmed] == ["platform"]


@pytest.mark.parametrize(
    ("amr", "aal"),
    [
        (["sms"], 1),
        (["wx"], 1),
        (["pwd"], 1),
        (["wx", "sms", "otp"], 1),  # one phone, three times
        (["pwd", "face"], 1),  # nothing that the person has
        (["sms", "mfa"], 1),  # claimed, not shown
        (["sms", "user"], 1),  # present is not verified
        (["swk", "user"], 2),  # a passkey, which is taken only when it has verified its owner
        (["hwk", "user"], 3),
        (["wx", "swk", "face"], 2),  # a key that is synced stays one
        (["wx", "ticket"], 1),
        (["wx", "face"], 2),
        (["sms", "pwd"], 2),
        (["swk", "fpt"], 2),
        (["hwk", "pin"], 3),
        (["wx", "hwk", "face"], 3),
    ],
)
def test_methods_are_worth_the_kinds_of_factors_they_show(amr: list[str], aal: int) -> None:
    assert aal_of(amr) == aal


@pytest.mark.parametrize("amr", [[], ["mfa"], ["ticket", "user"], ["unheard-of"]])
def test_no_factor_is_no_sign_in(amr: list[str]) -> None:
    with pytest.raises(AssuranceUnknownError, match="proves who somebody is"):
        aal_of(amr)


@given(methods, methods)
def test_a_step_up_keeps_what_there_was(before: list[str], added: list[str]) -> None:
    session = ["wx", *before]
    after = stepped_up(session, added)
    assert len(after) == len(set(after))
    assert set(session) | set(added) <= set(after)
    assert aal_of(after) >= aal_of(session)
    assert aal_of(after) == 1 or "mfa" in after


@pytest.mark.parametrize(
    ("acr_values", "acr_claim", "expected"),
    [
        ("", None, AcrRequest()),
        ("L3 L2 L3", None, AcrRequest(("L3", "L2"))),
        ("L2", {"essential": True, "values": ["L4", "L3"]}, AcrRequest(("L4", "L3"), essential=True)),
        ("L2", {"essential": True, "value": "L3"}, AcrRequest(("L3",), essential=True)),
        ("L2", {"essential": True}, AcrRequest(("L2",))),
        ("L2", {"values": ["L3"]}, AcrRequest(("L2", "L3"))),
        ("", {"essential": "yes", "values": "L3"}, AcrRequest()),
        ("", {"essential": True, "values": [3, "L3"]}, AcrRequest(("L3",), essential=True)),
        ("", "L3", AcrRequest()),
    ],
)
def test_a_request_is_read_from_both_parameters(acr_values: str, acr_claim: object, expected: AcrRequest) -> None:
    assert read_acr_request(acr_values, {"id_token": {"acr": acr_claim}}) == expected
    if acr_claim is None:
        assert read_acr_request(acr_values) == read_acr_request(acr_values, {"id_token": None}) == expected


@pytest.mark.parametrize(
    ("asked", "have", "reachable", "expected"),
    [
        (AcrRequest(), "L2", "L3", AcrChoice("L2")),
        (AcrRequest(("L3",)), "L2", "L3", AcrChoice("L2", "L3")),
        (AcrRequest(("L3",)), "L2", "L2", AcrChoice("L2")),
        (AcrRequest(("L2",)), "L3", "L3", AcrChoice("L2")),
        (AcrRequest(("L3", "L2")), "L2", "L4", AcrChoice("L2", "L3")),
        (AcrRequest(("L2", "L3")), "L2", "L4", AcrChoice("L2")),
        (AcrRequest(("urn:gold",)), "L1", "L4", AcrChoice("L1")),
        (AcrRequest(("L3",), essential=True), "L2", "L3", AcrChoice(None, "L3")),
        (AcrRequest(("L4",), essential=True), "L3", "L3", AcrChoice(None)),
        (AcrRequest(("L4", "L2"), essential=True), "L3", "L3", AcrChoice("L2")),
        (AcrRequest(("urn:gold",), essential=True), "L4", "L4", AcrChoice(None)),
    ],
)
def test_the_choice_of_a_level(asked: AcrRequest, have: Level, reachable: Level, expected: AcrChoice) -> None:
    assert choose_acr(asked, have, reachable) == expected


@given(st.lists(st.sampled_from([*LEVELS, "other"])), st.booleans(), levels, levels)
def test_an_essential_level_is_met_or_refused(
    values: list[str], essential: bool, have: Level, reachable: Level  # noqa: FBT001 - drawn by name
) -> None:  # fmt: skip
    choice = choose_acr(AcrRequest(tuple(values), essential=essential), have, reachable)
    assert choice.answer is None or satisfies(have, choice.answer)
    assert choice.challenge is None or (satisfies(reachable, choice.challenge) and choice.challenge in values)
    if essential:
        assert choice.answer is None or choice.answer in values
    else:
        assert choice.answer is not None
