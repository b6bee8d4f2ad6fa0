"""A department lets in whom the platform's assertion names, and nobody else: real departments, real keys on a port."""

import base64
import hmac
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from auth.assertions import TYPE
from examples.departments.identity import NoKeysError, PlatformKeys, RefusedError
from tests.examples.platform import ISSUER, Platform, platform, public
from tests.examples.test_departments import Department, running

PAGE = Path(__file__).parents[2] / "docs" / "assertions.md"
HIS = "/his/v2"
LOST = {"lineId": "7", "date": "2026-11-22", "description": "a red umbrella", "phone": "13800000000"}


@contextmanager
def trusting(name: str, document: str) -> Iterator[tuple[Platform, Department]]:
    with platform() as trusted, running(name, document, *trusted.options) as department:
        yield trusted, department


def open_shift(hospital: Department) -> str:
    doctors = hospital.ask("GET", f"{HIS}/departments/NK/doctors")
    schedules = (hospital.ask("GET", f"{HIS}/doctors/{each['doctor_id']}/schedule?days=14") for each in doctors)
    return next(str(shift["shift_id"]) for shifts in schedules for shift in shifts if shift["state"] == "open")


def free_slot(marriage: Department) -> str:
    days = marriage.ask("GET", "/offices/YZ01/days?days=31")
    day = next(each["date"] for each in days[1:] if each["freeSlots"])
    slots = marriage.ask("GET", f"/offices/YZ01/days/{day}/slots")
    return next(str(each["slotId"]) for each in slots if each["free"])


@pytest.mark.parametrize(
    ("name", "document", "operations"),
    [
        ("hospital", "swagger.json", [("POST", "/appointments"), ("GET", "/appointments/GH1")]),
        ("hospital", "swagger.json", [("POST", "/appointments/GH1/cancel")]),
        ("marriage", "openapi.yaml", [("POST", "/bookings"), ("GET", "/bookings/HY1"), ("DELETE", "/bookings/HY1")]),
        ("parking", "openapi.yaml", [("GET", "/sessions/云A8K216"), ("POST", "/sessions")]),
        ("bus", "openapi.json", [("POST", "/api/lost-items")]),
    ],
)
def test_what_is_a_residents_own_needs_an_assertion(
    name: str, document: str, operations: list[tuple[str, str]]
) -> None:
    with trusting(name, document) as (_, department):
        for method, path in operations:
            target = HIS + path if name == "hospital" else path
            problem = department.ask(method, target, {} if method == "POST" else None, expect=401)
            assert problem["title"] == "Unauthorized"
            assert "yiwang-identity" in problem["detail"]


def test_an_appointment_is_its_residents_alone() -> None:
    with trusting("hospital", "swagger.json") as (trusted, hospital):
        mine, others = trusted.said("hospital", acr="L2"), trusted.said("hospital", "resident-2")
        wish = {"shift_id": open_shift(hospital), "patient": {"name": "王小明", "phone": "13800000000"}}
        made = hospital.ask("POST", f"{HIS}/appointments", wish, expect=201, yiwang_identity=mine)
        target = f"{HIS}/appointments/{made['appointment_no']}"
        hospital.ask("GET", target, expect=404, yiwang_identity=others)
        hospital.ask("POST", f"{target}/cancel", expect=404, yiwang_identity=others)
        assert hospital.ask("GET", target, yiwang_identity=mine) == made
        assert hospital.ask("POST", f"{target}/cancel", yiwang_identity=mine)["state"] == "cancelled"
        assert trusted.asked == 1


def test_a_booking_is_its_residents_alone() -> None:
    with trusting("marriage", "openapi.yaml") as (trusted, marriage):
        mine, others = trusted.said("marriage"), trusted.said("marriage", "resident-2")
        couple = [{"name": "王小明", "idLast4": "123X"}, {"name": "Li Na", "idLast4": "4567"}]
        wish = {"slotId": free_slot(marriage), "applicants": couple, "phone": "13800000000"}
        weak = trusted.said("marriage", acr="L2")
        assert "L3" in marriage.ask("POST", "/bookings", wish, expect=401, yiwang_identity=weak)["detail"]
        made = marriage.ask("POST", "/bookings", wish, expect=201, yiwang_identity=mine)
        target = f"/bookings/{made['bookingId']}"
        marriage.ask("GET", target, expect=404, yiwang_identity=others)
        marriage.ask("DELETE", target, expect=404, yiwang_identity=others)
        assert marriage.ask("GET", target, yiwang_identity=mine) == made
        marriage.ask("DELETE", target, expect=204, yiwang_identity=mine)


def test_a_parked_car_is_its_residents_alone() -> None:
    with trusting("parking", "openapi.yaml") as (trusted, parking):
        mine, others = trusted.said("parking", acr="L1"), trusted.said("parking", "resident-2")
        arrival = {"plate": "云A99999", "lot_id": "L005"}
        parking.ask("POST", "/sessions", arrival, expect=201, yiwang_identity=mine)
        assert parking.ask("GET", "/sessions/云A99999", yiwang_identity=mine)["lot"]["id"] == "L005"
        parking.ask("GET", "/sessions/云A99999", expect=403, yiwang_identity=others)
        assert "L005" not in parking.ask("POST", "/sessions", arrival, expect=409, yiwang_identity=others)["detail"]
        parking.ask("GET", "/sessions/云A8K216", yiwang_identity=others)
        parking.ask("GET", "/lots")


def test_a_lost_item_is_reported_by_a_resident() -> None:
    with trusting("bus", "openapi.json") as (trusted, bus):
        said = trusted.said("bus", acr="L1")
        report = bus.ask("POST", "/api/lost-items", LOST, expect=201, yiwang_identity=said)
        assert bus.ask("GET", f"/api/lost-items/{report['reportId']}") == report


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def forgeries(trusted: Platform) -> dict[str, str]:
    """Assertions that are nearly right."""
    right = trusted.said("bus")
    claims = jwt.decode(right, trusted.key).claims
    now, kid = int(time.time()), str(trusted.key.kid)
    header = {"alg": "ES256", "typ": TYPE, "kid": kid}
    body = right.split(".")[1]
    hs256 = f"{base64url(json.dumps(header | {'alg': 'HS256'}).encode())}.{body}"
    by_public_key = hmac.digest(trusted.key.as_pem(private=False), hs256.encode(), "sha256")
    none = "eyJhbGciOiJub25lIiwidHlwIjoieWl3YW5nLWlkZW50aXR5K2p3dCIsImtpZCI6ImZpcnN0In0"  # {"alg":"none",…}
    return {
        "another service's": trusted.said("parking"),
        "another platform's": trusted.said("bus", iss="https://elsewhere.example"),
        "expired": trusted.said("bus", exp=now - 31),
        "of the future": trusted.said("bus", iat=now + 60),
        "without an end": trusted.said("bus", exp=None),
        "of nobody": trusted.said("bus", sub=""),
        "at no level": trusted.said("bus", acr="public"),
        "an access token": jwt.encode(header | {"typ": "at+jwt"}, claims, trusted.key),
        "of another key": jwt.encode(header, claims, ECKey.generate_key("P-256")),
        "of a key nobody knows": jwt.encode(header | {"kid": "x"}, claims, ECKey.generate_key("P-256")),
        "RS256": jwt.encode(header | {"alg": "RS256"}, claims, RSAKey.generate_key(2048)),
        "HS256 by the public key": f"{hs256}.{base64url(by_public_key)}",
        "unsigned": f"{none}.{body}.",
        "changed": right[:-10] + ("A" if right[-10] != "A" else "B") + right[-9:],
        "no token": "yes",
        "too long": right + "A" * 4096,
    }


def test_what_only_looks_like_an_assertion_is_refused() -> None:
    with trusting("bus", "openapi.json") as (trusted, bus):
        for name, forged in forgeries(trusted).items():
            problem = bus.ask("POST", "/api/lost-items", LOST, expect=401, yiwang_identity=forged)
            assert problem["detail"], name
        skewed = trusted.said("bus", exp=int(time.time()) - 20)
        bus.ask("POST", "/api/lost-items", LOST, expect=201, yiwang_identity=skewed)
        assert trusted.asked == 1, "unknown keys made it ask too often"


def test_the_page_for_departments_shows_code_that_does_the_same() -> None:
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert code
    names: dict[str, Any] = {}
    exec(code[1], names)  # noqa: S102 - our own page
    with platform() as trusted:
        keys = KeySet.import_key_set({"keys": [public(trusted.key)]})
        assert names["resident"](trusted.said("bus"), keys, ISSUER, "bus") == "resident-1"
        for forged in ("", None, trusted.said("bus", acr="L1"), *forgeries(trusted).values()):
            with pytest.raises(PermissionError):
                names["resident"](forged, keys, ISSUER, "bus")


def test_nobody_is_let_in_while_the_keys_cannot_be_had() -> None:
    with trusting("bus", "openapi.json") as (trusted, bus):
        trusted.jwks = None
        for _ in range(2):
            bus.ask("POST", "/api/lost-items", LOST, expect=503, yiwang_identity=trusted.said("bus"))
        assert trusted.asked == 1


@pytest.mark.parametrize("jwks", ["nonsense", {}, {"keys": [5]}, {"keys": [{"alg": "ES256"}]}, {"keys": None}])
async def test_what_is_no_key_set_gives_no_keys(jwks: object) -> None:
    with platform() as trusted:
        trusted.jwks = jwks
        with pytest.raises(NoKeysError):
            await PlatformKeys(trusted.url).get("first")
    with pytest.raises(NoKeysError):
        await PlatformKeys(trusted.url).get("first")  # nobody listens there any more


def test_a_department_without_a_platform_says_that_it_is_open(capfd: pytest.CaptureFixture[str]) -> None:
    with running("bus", "openapi.json", "--host", "127.0.0.1") as bus:
        bus.ask("POST", "/api/lost-items", LOST, expect=201)
    assert "OPEN to anybody" in capfd.readouterr().out
    with trusting("bus", "openapi.json"):
        pass
    assert ISSUER in capfd.readouterr().out


async def test_keys_are_fetched_anew_for_a_new_one_and_forgotten_when_withdrawn() -> None:
    clock = [0.0]
    with platform() as trusted:
        keys = PlatformKeys(trusted.url, lambda: clock[0])
        assert (await keys.get("first")).thumbprint() == trusted.key.thumbprint()
        second: Any = ECKey.generate_key("P-256", {"kid": "second"})
        trusted.jwks = {"keys": [public(second)]}
        for clock[0], asked in ((10.0, 1), (29.0, 1)):
            with pytest.raises(RefusedError):
                await keys.get("second")
            assert trusted.asked == asked
        clock[0] = 30.0
        await keys.get("second")
        assert trusted.asked == 2
        with pytest.raises(RefusedError):
            await keys.get("first")
        clock[0] = 329.0
        await keys.get("second")
        assert trusted.asked == 2
        trusted.jwks = None  # a short outage is nobody's loss, a long one is
        clock[0] = 340.0
        await keys.get("second")
        assert trusted.asked == 3
        clock[0] = 371.0
        with pytest.raises(NoKeysError):
            await keys.get("second")
        trusted.jwks = {"keys": [public(second)]}
        clock[0] = 401.0
        await keys.get("second")
        clock[0] = 5000.0
        await keys.get("second")
        assert trusted.asked == 6
