"""The identity client against the simulated service, with residents who look into the camera or do not."""

from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from adapters.errors import HostUnavailableError, IdentityRefusedError, OutcomeUnknownError
from adapters.sandbox.identity import is_id_number
from adapters.sandbox.world import RESIDENTS
from tests.sandbox.conftest import City

WANG, LI, *_ = RESIDENTS
RETURN = "https://city.example/back?lang=zh"


async def test_a_name_and_its_number_match_and_no_others_do(city: City) -> None:
    assert await city.identity.match(WANG.name, WANG.id_number)
    assert not await city.identity.match(WANG.name, LI.id_number)
    assert not await city.identity.match("王秀", WANG.id_number)


@pytest.mark.parametrize("number", ["", "110101195003071228", "11010119500307122", "１" * 18, WANG.id_number + "0"])
async def test_what_is_no_number_is_refused_without_being_repeated(city: City, number: str) -> None:
    with pytest.raises(IdentityRefusedError) as raised:
        await city.identity.match(WANG.name, number)
    shown = f"{raised.value.message} {raised.value.fix}"
    assert WANG.name not in shown
    assert not number or number not in shown


def test_the_standards_check_digit() -> None:
    assert is_id_number("11010519491231002X")  # the example of GB 11643-1999
    assert not is_id_number("110105194912310021")
    assert all(is_id_number(each.id_number) for each in RESIDENTS)


async def begin(city: City, number: str = "f1") -> str:
    check = await city.identity.begin_face_check(number, WANG.name, WANG.id_number, RETURN)
    assert check.url == f"{city.base}/?face-check={check.id}"
    return check.id


async def decided(city: City, check: str, state: str = "passed") -> str:
    """Have wang look into the camera, or another; return the code that the phone is led back with."""
    await city.ask("POST", f"/phones/wang/face-checks/{check}", {"state": state})
    return await shown_code(city, check)


async def shown_code(city: City, check: str) -> str:
    """Return the code in the address that wang's phone shows."""
    shown = await city.ask("GET", "/phones/wang/face-checks")
    address: str = next(each["return_url"] for each in shown if each["id"] == check)
    assert address.startswith(f"{RETURN}&check={check}&code=")
    return dict(parse_qsl(urlsplit(address).query))["code"]


@pytest.mark.parametrize("state", ["passed", "failed"])
async def test_a_face_check_is_as_the_resident_decides(city: City, state: str) -> None:
    check = await begin(city)
    (asked,) = await city.ask("GET", "/phones/wang/face-checks")
    assert (asked["id"], asked["state"], asked["return_url"]) == (check, "pending", RETURN)
    assert await city.ask("GET", "/phones/li/face-checks") == []
    code = await decided(city, check, state)
    for _ in range(2):  # the first answer may have been lost
        assert await city.identity.face_check_result(check, code) == state
    again = await city.ask("POST", f"/phones/wang/face-checks/{check}", {"state": "passed"}, expect=422)
    assert f"has {state} already" in again["message"]


async def test_nobody_decides_anothers_check(city: City) -> None:
    check = await begin(city)
    refused = await city.ask("POST", f"/phones/li/face-checks/{check}", {"state": "passed"}, expect=404)
    assert refused["code"] == "SANDBOX_UNKNOWN"
    (asked,) = await city.ask("GET", "/phones/wang/face-checks")
    assert asked["state"] == "pending"


async def test_nobody_learns_how_a_check_ended_without_its_own_code(city: City) -> None:
    one, two = await begin(city, "f1"), await begin(city, "f2")
    with pytest.raises(IdentityRefusedError, match="refuses code"):
        await city.identity.face_check_result(one, "")
    code, other = await decided(city, one), await decided(city, two)
    assert code != other
    for wrong in ("", code[:-1], f"{code}é", other):
        with pytest.raises(IdentityRefusedError, match="refuses code"):
            await city.identity.face_check_result(one, wrong)
    assert await city.identity.face_check_result(one, code) == "passed"


async def test_a_check_that_nobody_looks_at_fails_after_ten_minutes(city: City) -> None:
    check = await begin(city)
    city.clock.advance(timedelta(minutes=10, seconds=1))
    assert await city.identity.face_check_result(check, await shown_code(city, check)) == "failed"
    await city.ask("POST", f"/phones/wang/face-checks/{check}", {"state": "passed"}, expect=422)


async def test_a_name_that_is_not_the_numbers_fails_at_once(city: City) -> None:
    """On any phone that opens it, for it is nobody's."""
    check = await city.identity.begin_face_check("f1", LI.name, WANG.id_number, RETURN)
    assert await city.identity.face_check_result(check.id, await shown_code(city, check.id)) == "failed"


async def test_the_same_number_is_the_same_check_after_an_unknown_outcome(city: City) -> None:
    await city.fault("identity.face_check", "error_after_work")
    with pytest.raises(OutcomeUnknownError):
        await begin(city)
    assert await begin(city) == await begin(city)
    assert len(await city.ask("GET", "/phones/wang/face-checks")) == 1
    with pytest.raises(IdentityRefusedError, match="refuses number"):
        await city.identity.begin_face_check("f1", LI.name, LI.id_number, RETURN)


@pytest.mark.parametrize(
    ("number", "return_url", "wrong"), [("", RETURN, "number"), ("f1", "javascript:alert(1)", "return_url")]
)
async def test_what_cannot_begin_a_check_is_named(city: City, number: str, return_url: str, wrong: str) -> None:
    with pytest.raises(IdentityRefusedError, match=f"refuses {wrong}"):
        await city.identity.begin_face_check(number, WANG.name, WANG.id_number, return_url)


async def test_an_unknown_check_is_refused_whatever_its_id(city: City) -> None:
    for check in ("check-0", "é ?x=1"):
        with pytest.raises(IdentityRefusedError, match="unknown_check"):
            await city.identity.face_check_result(check, "c")


async def test_forged_and_failing_answers_never_say_that_somebody_passed(city: City) -> None:
    check = await begin(city)
    code = await decided(city, check)
    for fault, error in [
        ("bad_signature", OutcomeUnknownError),
        ("error_after_work", OutcomeUnknownError),
        ("unavailable", HostUnavailableError),
    ]:
        await city.fault("identity.face_check_result", fault)
        with pytest.raises(error):
            await city.identity.face_check_result(check, code)
    assert await city.identity.face_check_result(check, code) == "passed"
