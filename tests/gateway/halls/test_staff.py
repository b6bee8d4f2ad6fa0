"""Who is let in as an office's staff: a credential with a role there, and nobody else."""

import pytest
from litestar import Request

from auth.credentials import key_id_of
from auth.errors import CredentialRefusedError
from flows.appointments.errors import UnknownServiceError
from gateway.errors import StaffRoleMissingError
from gateway.http.departments import AnyRequest
from gateway.http.staff import Staff, staff
from kernel.errors import YiwangError
from services_catalog.organisations.roles import Action
from services_catalog.organisations.tables import EVER, Organisation, OrganisationPlace
from tests.appointments.hall import Hall
from tests.gateway.halls.staff_of import dismiss, key

pytestmark = pytest.mark.case("issue-6.staff")


def _request(token: str = "") -> AnyRequest:
    headers = [(b"authorization", b"Bearer " + token.encode())] if token else []
    return Request({"type": "http", "headers": headers})  # type: ignore[arg-type]  # all that is read of it


async def _ask(hall: Hall, token: str, action: Action, office: str = "hall") -> Staff:
    async with hall.database.session() as session:
        return await staff(session, hall.clock, _request(token), office, action)


@pytest.mark.parametrize(
    ("role", "serves", "shows"),
    [
        ("owner", True, True),
        ("operator", True, True),
        ("clerk", True, True),
        ("display", False, True),
        ("editor", False, False),
        ("reviewer", False, False),
        ("auditor", False, False),
        (None, False, False),
    ],
)
async def test_a_role_says_what_its_holder_may_do(hall: Hall, role: str, *, serves: bool, shows: bool) -> None:
    token = await key(hall, role)  # type: ignore[arg-type]  # one of them
    actions: tuple[tuple[Action, bool], ...] = (("serve_residents", serves), ("show_hall", shows))
    for action, allowed in actions:
        if allowed:
            found = await _ask(hall, token, action)
            assert (found.actor, found.office.code) == (f"credential:{key_id_of(token)}", "hall")
        else:
            with pytest.raises(StaffRoleMissingError, match=action.replace("_", " ")) as refused:
                await _ask(hall, token, action)
            assert f"yiwang role grant credential:{key_id_of(token)} " in refused.value.fix
            assert refused.value.fix.endswith("--at city.")


async def test_a_role_elsewhere_is_none(hall: Hall) -> None:
    async with hall.database.session() as session:
        session.add(
            Organisation(
                code="west", name_zh="区", tier="district", kind="government", parent="city", path="city/west",
                guidance_path="west",
            )
        )  # fmt: skip
        await session.flush()
        session.add(OrganisationPlace(organisation="west", since=EVER, path="city/west", guidance_path="west"))
    with pytest.raises(StaffRoleMissingError):
        await _ask(hall, await key(hall, "clerk", "west"), "serve_residents")


async def test_a_role_that_was_taken_away_is_none(hall: Hall) -> None:
    token = await key(hall, "clerk")
    await dismiss(hall, token)
    with pytest.raises(StaffRoleMissingError):
        await _ask(hall, token, "show_hall")


@pytest.mark.parametrize(
    ("token", "office", "error"),
    [
        ("", "hall", CredentialRefusedError),
        (f"yw_{'0' * 12}_{'a' * 43}", "hall", CredentialRefusedError),
        ("clerk", "nowhere", UnknownServiceError),
        ("", "nowhere", CredentialRefusedError),  # who is nobody learns nothing
    ],
)
async def test_nobody_and_nowhere(hall: Hall, token: str, office: str, error: type[YiwangError]) -> None:
    known = await key(hall, "clerk") if token == "clerk" else token
    with pytest.raises(error) as refused:
        await _ask(hall, known, "show_hall", office)
    assert refused.value.fix
