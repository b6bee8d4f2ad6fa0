"""The registers of households and businesses, asked as the platform asks them."""

import pytest

from adapters.errors import HostUnavailableError, IdentityRefusedError, OutcomeUnknownError
from adapters.identity import GuardianshipRequest, RepresentationRequest
from adapters.sandbox.world import CHILDREN, COMPANIES, RESIDENTS
from kernel.credit_codes import normal_credit_code
from kernel.crypto.blind_index import normal_id_number
from tests.sandbox.conftest import City

PEOPLE = {each.key: each for each in RESIDENTS}
CHILD, _ = CHILDREN
(COMPANY,) = COMPANIES


def guards(key: str = "li", name: str = CHILD.name, number: str = CHILD.id_number) -> GuardianshipRequest:
    return GuardianshipRequest(PEOPLE[key].name, PEOPLE[key].id_number, name, number)


def represents(key: str = "zhang", code: str = COMPANY.credit_code) -> RepresentationRequest:
    return RepresentationRequest(PEOPLE[key].name, PEOPLE[key].id_number, code)


async def test_a_guardian_is_told_from_everybody_else(city: City) -> None:
    known = await city.identity.guardianship(guards())
    assert known.match
    assert known.reference.startswith("household-")
    others = [
        await city.identity.guardianship(each)
        for each in (guards("wang"), guards(name="李大满"), guards(number=PEOPLE["chen"].id_number))
    ]
    assert {(each.match, each.reference) for each in others} == {(False, "")}


async def test_a_representative_is_told_from_everybody_else(city: City) -> None:
    known = await city.identity.representation(represents())
    assert (known.match, known.company_name) == (True, COMPANY.name)
    assert known.reference.startswith("business-")
    for other in (represents("wang"), represents(code="91350100M000100Y43")):
        assert not (await city.identity.representation(other)).match


async def test_what_is_no_number_is_refused_by_its_name(city: City) -> None:
    with pytest.raises(IdentityRefusedError, match="refuses child_id_number"):
        await city.identity.guardianship(guards(number="310101201906010026"))
    with pytest.raises(IdentityRefusedError, match="refuses credit_code"):
        await city.identity.representation(represents(code="91310000MA0000000X"))


@pytest.mark.parametrize(
    ("fault", "error"), [("bad_signature", OutcomeUnknownError), ("unavailable", HostUnavailableError)]
)
async def test_a_forged_or_missing_answer_is_no_match(city: City, fault: str, error: type[Exception]) -> None:
    for where in ("identity.guardianship", "identity.representation"):
        await city.fault(where, fault)
    with pytest.raises(error):
        await city.identity.guardianship(guards())
    with pytest.raises(error):
        await city.identity.representation(represents())


async def test_both_are_shown_and_what_they_hold_is_valid(city: City) -> None:
    shown = await city.ask("GET", "/registers")
    assert [each["guardian"] for each in shown["children"]] == ["li", "zhang"]
    assert [each["representative"] for each in shown["companies"]] == ["zhang"]
    for child in CHILDREN:
        assert normal_id_number(child.id_number) == child.id_number
    assert normal_credit_code(COMPANY.credit_code) == COMPANY.credit_code
