"""What the tests of mandates by registers share: residents who are proven, and what they ask."""

from datetime import timedelta
from typing import Any

from adapters.sandbox.world import CHILDREN, COMPANIES
from kernel.clock import SystemClock
from tests.gateway.conftest import City
from tests.gateway.residents.hosts import Phones, Resident, agree, prove_face, sign_in

CHILD, CHILD_WITH_A_PHONE = CHILDREN  # whose guardians are li and zhang
(COMPANY,) = COMPANIES  # whose representative is zhang
FOR_CHILD = """mutation ($mandate: ChildMandateInput!) {
  grantChildMandate(mandate: $mandate) { id kind childName companyCode scope expiresAt active }
}"""
FOR_COMPANY = """mutation ($mandate: CompanyMandateInput!) {
  grantCompanyMandate(mandate: $mandate) { id kind childName companyCode scope active }
}"""
REPRESENT = """mutation ($code: String!) {
  representCompany(creditCode: $code) { creditCode name active }
}"""
REVOKE = "mutation ($id: ID!) { revokeMandate(id: $id) { active } }"
MANDATES = "{ me { mandatesGiven { id } mandatesReceived { id } } }"


async def proven(city: City, phones: Phones, resident: str) -> Resident:
    """Sign a resident in, at L3, who lets registers be asked."""
    who = await sign_in(city, phones, resident)
    await prove_face(phones, who, resident)
    await agree(who, "real-name")
    return who


def for_child(child: Any = CHILD, **changed: Any) -> dict[str, Any]:
    return _terms() | {"name": child.name, "idNumber": child.id_number} | changed


def for_company(**changed: Any) -> dict[str, Any]:
    return _terms() | {"creditCode": COMPANY.credit_code} | changed


async def agent_code(who: Resident) -> str:
    return str((await who.data("mutation { agentCode { code } }"))["code"])


async def mandates(who: Resident) -> tuple[list[str], list[str]]:
    """Return the ids of those given and of those received."""
    shown = await who.data(MANDATES)
    given, received = ([each["id"] for each in shown[side]] for side in ("mandatesGiven", "mandatesReceived"))
    return given, received


def _terms() -> dict[str, Any]:
    ends = SystemClock().now() + timedelta(days=30)
    return {"scope": ["health"], "purpose": "appointments", "expiresAt": ends.isoformat()}
