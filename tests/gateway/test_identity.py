"""Who asks: what they may use, what departments are told of them, and when a token is worth nothing any more."""

import asyncio
from typing import Any

import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from auth.assertions import HEADER, TYPE
from auth.errors import SessionEndedError
from auth.issuer import issuer
from auth.sessions.sessions import end
from gateway.pipeline.challenge import challenge
from kernel.clock import SystemClock
from supergraph.slice import Level
from tests.gateway.conftest import JSON_HEADERS, City, get
from tests.gateway.sign_in import APP, SignedIn, signed_in
from tests.upstream.department import Department, answer

TEXT = {"type": "string"}
PATHS = {
    "/open": get(TEXT, operationId="open"),
    "/usual": get(TEXT, operationId="usual"),
    "/face": get(TEXT, operationId="face"),
    "/health": get(TEXT, operationId="health"),
}
OPERATIONS = {
    "open": {"access": "public"},
    "usual": {"access": {"purpose": "parking"}},
    "face": {"access": "L3"},
    "health": {"access": {"level": "L1", "scope": "health"}},
}


YES = answer(b'"yes"', headers="content-type: application/json\r\n")


class Asked:
    """A city with services of one department, and the headers of what the department was sent."""

    def __init__(self, city: City, department: Department) -> None:
        self.city = city
        self.department = department

    async def publish(self, name: str = "parking", **manifest: Any) -> None:
        given = {"access": "L2", "operations": OPERATIONS} | manifest
        await self.city.publish(name, PATHS, self.department, **given)

    @property
    def calls(self) -> list[dict[str, str]]:
        """The headers of every call, by lower case names."""
        return [
            {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in head.splitlines()[1:]}
            for head in self.department.heads
        ]

    async def ask(self, operation: str, who: dict[bytes, bytes] | None = None, name: str = "parking") -> dict[str, Any]:
        body = msgspec.json.encode({"query": f"{{ {name} {{ {operation} }} }}"})
        _, _, reply = await self.city.gateway.direct["/graphql"]("POST", b"", JSON_HEADERS | (who or {}), body)
        result: dict[str, Any] = msgspec.json.decode(reply)
        return result

    async def challenge(self, operations: str, who: dict[bytes, bytes]) -> tuple[int, str]:
        """Return the status, and the challenge in WWW-Authenticate, empty without one."""
        body = msgspec.json.encode({"query": f"{{ parking {{ {operations} }} }}"})
        status, headers, _ = await self.city.gateway.direct["/graphql"]("POST", b"", JSON_HEADERS | who, body)
        return status, dict(headers).get(b"www-authenticate", b"").decode()

    async def code(self, operation: str, who: dict[bytes, bytes] | None = None) -> str:
        """Return the error's code, empty if the department has answered."""
        result = await self.ask(operation, who)
        if "errors" not in result:
            assert result["data"]["parking"][operation] == "yes"
            return ""
        (error,) = result["errors"]
        return str(error["extensions"]["code"])

    def said(self) -> dict[str, Any]:
        """Return the claims of the last call's assertion, verified by the published keys alone."""
        header = self.calls[-1][HEADER]
        jwks: Any = self.city.gateway.keys.newest.jwks(SystemClock().now())
        keys = KeySet.import_key_set(jwks)
        token = jwt.decode(header, keys, algorithms=["ES256"])
        assert token.header["typ"] == TYPE
        return dict(token.claims)


@pytest.fixture
async def asked(city: City) -> Asked:
    made = Asked(city, await city.department(lambda _: [YES]))
    await made.publish()
    return made


async def resident(asked: Asked, subject: str = "openid-1", acr: Level = "L2", scope: str = "") -> SignedIn:
    return await signed_in(asked.city.gateway, asked.city.settings, subject, acr, scope)


async def test_a_stranger_uses_what_is_public_and_nothing_else(asked: Asked) -> None:
    assert await asked.code("open") == ""
    assert HEADER not in asked.calls[0]
    for operation in ("usual", "face", "health"):
        assert await asked.code(operation) == "SIGN_IN_NEEDED"
    assert len(asked.calls) == 1


async def test_an_operation_that_says_nothing_is_for_whom_its_service_says(city: City) -> None:
    asked = Asked(city, await city.department(lambda _: [YES]))
    await asked.publish(operations={})
    assert await asked.code("usual") == "SIGN_IN_NEEDED"
    assert await asked.code("usual", (await resident(asked, acr="L1")).header()) == "ASSURANCE_TOO_LOW"
    assert await asked.code("usual", (await resident(asked)).header()) == ""


async def test_levels_are_demanded_before_anything_is_sent(asked: Asked) -> None:
    low, high = await resident(asked, acr="L1"), await resident(asked, acr="L3")
    assert await asked.code("usual", low.header()) == "ASSURANCE_TOO_LOW"
    assert await asked.code("face", (await resident(asked)).header()) == "ASSURANCE_TOO_LOW"
    assert asked.calls == []
    for operation in ("usual", "face", "health"):
        assert await asked.code(operation, high.header()) == ""


async def test_a_scope_limits_other_parties_clients_and_not_our_own_apps(asked: Asked) -> None:
    who = await resident(asked)
    for scope in ("", "openid", "healthy health-records"):
        assert await asked.code("health", who.header(first_party=False, scope=scope)) == "SCOPE_MISSING"
    assert asked.calls == []
    assert await asked.code("health", who.header(first_party=False, scope="openid health")) == ""
    assert await asked.code("health", who.header(first_party=True, scope="")) == ""


@pytest.mark.case("SSO-13")
async def test_what_a_refused_field_needs_is_said_to_programs_too(asked: Asked) -> None:
    low, usual = (await resident(asked, acr="L1")).header(), (await resident(asked)).header()
    (error,) = (await asked.ask("face", usual))["errors"]
    assert error["extensions"] == {"code": "ASSURANCE_TOO_LOW", "service": "parking", "acr_values": "L3"}
    needs = 'Bearer error="insufficient_user_authentication", acr_values="L3"'
    assert await asked.challenge("face", usual) == (200, needs)
    assert await asked.challenge("open usual face", low) == (200, needs)
    assert await asked.challenge("usual face", {}) == (200, "Bearer")
    assert await asked.challenge("open usual", usual) == (200, "")
    assert await asked.challenge("open", {b"authorization": b"Bearer x"}) == (401, 'Bearer error="invalid_token"')


def test_a_session_that_is_over_needs_another_token() -> None:
    assert challenge([{"code": SessionEndedError.code}]) == b'Bearer error="invalid_token"'


async def test_a_department_is_told_who_asks_and_nothing_more(asked: Asked) -> None:
    who = await resident(asked)
    assert await asked.code("usual", who.header()) == ""
    said = asked.said()
    assert (said["iss"], said["aud"]) == (issuer(asked.city.settings), "service:parking")
    assert (said["acr"], said["channel"], said["purpose"]) == ("L2", "wechat", "parking")
    assert 0 < said["exp"] - said["iat"] <= 60
    assert said.keys() == {"iss", "aud", "sub", "iat", "exp", "acr", "auth_time", "channel", "purpose"}
    assert said["sub"] != who.token.sub
    assert "authorization" not in asked.calls[-1]
    assert "openid-1" not in asked.calls[-1][HEADER]


async def test_a_department_knows_a_resident_by_one_name_in_all_its_services(asked: Asked) -> None:
    await asked.publish("bus")
    one, other = await resident(asked), await resident(asked, "openid-2")
    names = []
    for who, service in ((one, "parking"), (one, "bus"), (other, "parking")):
        assert "errors" not in await asked.ask("usual", who.header(), service)
        assert asked.said()["aud"] == f"service:{service}"
        names.append(asked.said()["sub"])
    assert names[0] == names[1] != names[2]


async def test_a_department_is_told_of_a_new_proof_at_once(asked: Asked) -> None:
    who = await resident(asked)
    for proven_at in (who.token.auth_time, who.token.auth_time + 60):
        assert await asked.code("usual", who.header(auth_time=proven_at)) == ""
        assert asked.said()["auth_time"] == proven_at


@pytest.mark.case("SSO-26")
async def test_headers_that_only_the_gateway_may_send_are_ignored(asked: Asked) -> None:
    forged = {HEADER.encode(): b"forged", b"x-wx-openid": b"somebody", b"x-wx-unionid": b"somebody"}
    assert await asked.code("usual", forged) == "SIGN_IN_NEEDED"
    assert await asked.code("open", forged) == ""
    assert not {HEADER, "x-wx-openid", "x-wx-unionid"} & asked.calls[-1].keys()


@pytest.mark.case("SSO-31")
async def test_an_ended_session_is_refused_within_a_second(asked: Asked) -> None:
    who = await resident(asked)
    header = who.header()
    assert await asked.code("usual", header) == ""
    async with asked.city.gateway.database.session() as session:
        await end(session, SystemClock(), [who.token.sid], "signed_out")
    async with asyncio.timeout(1):
        while await asked.code("usual", header) != "TOKEN_REFUSED":
            await asyncio.sleep(0.02)


@pytest.mark.case("SSO-14")
@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "service:parking"},
        {"aud": "somebody"},
        {"iss": "https://elsewhere.example"},
        {"exp": 1},
        {"iat": 4_000_000_000},
        {"cnf": {"jkt": "thumbprint"}},
    ],
)
async def test_a_token_for_others_is_refused(asked: Asked, changed: dict[str, Any]) -> None:
    assert await asked.code("open", (await resident(asked)).header(**changed)) == "TOKEN_REFUSED"
    assert asked.calls == []


async def test_a_token_of_host_a_is_refused_as_host_b_s(asked: Asked) -> None:
    header = (await resident(asked)).header()
    assert await asked.code("open", header | {b"yiwang-client": APP.encode()}) == ""
    assert await asked.code("open", header | {b"yiwang-client": b"2021000000000001"}) == "TOKEN_REFUSED"


@pytest.mark.parametrize("value", [b"", b"Bearer", b"Bearer x.y.z", b"Basic YTpi", b"Bearer \xff", b"yes"])
async def test_what_is_no_token_is_refused(asked: Asked, value: bytes) -> None:
    assert await asked.code("open", {b"authorization": value}) == "TOKEN_REFUSED"


async def test_a_token_of_another_key_or_algorithm_is_refused(asked: Asked) -> None:
    claims = msgspec.to_builtins((await resident(asked)).token)
    ring, now = asked.city.gateway.keys.newest, SystemClock().now()
    ours, rsa = ring.signer("ES256", now), ring.signer("RS256", now)
    header = {"alg": "ES256", "typ": "at+jwt", "kid": ours.kid}
    foreign = jwt.encode(header, claims, ECKey.generate_key("P-256"))
    forged = [
        foreign,
        jwt.encode(header | {"alg": "RS256", "kid": rsa.kid}, claims, rsa.key),
        jwt.encode(header | {"typ": "JWT"}, claims, ours.key),
        f"eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.{foreign.split('.')[1]}.",  # alg: none
    ]
    for text in forged:
        assert await asked.code("open", {b"authorization": f"Bearer {text}".encode()}) == "TOKEN_REFUSED"


async def test_what_a_resident_may_not_use_does_not_hold_up_what_they_may(asked: Asked) -> None:
    body = msgspec.json.encode({"query": '{ parking { open usual } catalog { service(name: "parking") { name } } }'})
    _, _, reply = await asked.city.gateway.direct["/graphql"]("POST", b"", JSON_HEADERS, body)
    result = msgspec.json.decode(reply)
    assert result["data"] == {"parking": {"open": "yes", "usual": None}, "catalog": {"service": {"name": "parking"}}}
    (error,) = result["errors"]
    assert error["path"] == ["parking", "usual"]
