"""Whoever steals the database, Redis and the logs learns no name, phone, ID number or number plate from them."""

import base64
import io
import logging
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx
import msgspec
import pytest
from redis.asyncio import Redis

from auth.accounts.accounts import detach
from auth.accounts.passkeys import add_passkey
from auth.accounts.phone_codes import PhoneCodes, add_phone, sign_in_by_phone
from auth.accounts.proofing import Evidence, prove
from auth.accounts.tables import Account
from auth.clients.grants import agree
from auth.clients.tables import Client
from auth.consents.ledger import Between, give, withdraw
from auth.consents.purposes import Purpose, Wording
from auth.credentials import issue as issue_credential
from auth.errors import IdNumberTakenError, PhoneCodeRefusedError, SignInRefusedError, TooManyCodesError
from auth.mandates import mandates
from auth.mandates.kinds import Evidence as Document
from auth.mandates.kinds import NewMandate, Party, Person
from auth.provider.endpoints import token as token_endpoint
from auth.provider.environment import Environment
from auth.provider.requests import ProviderRequest
from auth.sessions.refresh import issue
from auth.sessions.tables import Session, TokenFamily
from auth.webauthn import Made
from gateway.app import Gateway
from gateway.http.sign_on.services import SignInServices
from kernel.clock import SystemClock
from kernel.crypto.keys import Keys, open_keys
from kernel.database import Database
from kernel.settings import Settings
from services_catalog.departments import add_department
from services_catalog.manifest import Text
from tests.gateway.conftest import JSON_HEADERS, City, get
from tests.gateway.everything_kept import everything, leaks, logged
from tests.gateway.sign_in import APP, SignedIn, signed_in
from tests.sign_on.relying_party import Browser, answered, register_site
from tests.upstream.department import answer

pytestmark = pytest.mark.case("issue-3.5")

CLOCK = SystemClock()
ISSUER = "https://id.example"
NAMES = ("欧阳若曦", "Zebulon Quartermain", "司徒云帆", "上官飞燕")
PHONES = (
    "+8613987654321",
    "+8618612349876",
    "+8617755566677",
    "+8615922233344",
    "+8613311122233",
    "+8618898765432",
    "+8615000112233",
)
ID_NUMBERS = ("11010519491231002X", "330106199003070030", "330106200002294011", "330106198512123458")
PLATES = ("云A8K216", "云AD05678")
SEEDS = (*NAMES, *PHONES, *(phone.removeprefix("+86") for phone in PHONES), *ID_NUMBERS, *PLATES)


class Town(City):
    """A city that writes down all that it ever logs."""

    def __init__(self, gateway: Gateway, database: Database, redis: Redis, settings: Settings) -> None:
        super().__init__(gateway, database, redis, settings)
        self.database = database
        self.redis = redis
        self.keys: Keys = open_keys(settings)
        self.logged = io.StringIO()
        self.codes: list[str] = []  # that were sent by SMS

    async def kept(self) -> dict[str, bytes]:
        """Return everything that is kept anywhere."""
        return await everything(self.settings, self.redis, self.logged)


class Register:
    """Knows everybody."""

    async def match(self, name: str, id_number: str) -> bool:
        return (name, id_number) in zip(NAMES, ID_NUMBERS, strict=True)


@pytest.fixture
async def town(database: Database, redis: Redis, settings: Settings) -> AsyncIterator[Town]:
    opened = msgspec.structs.replace(settings, upstream_networks=("127.0.0.0/8",), access_log=True, log_level="DEBUG")
    async with database.session() as session:
        await add_department(session, CLOCK, "city", Text(zh="市", en="City"))
        await issue_credential(session, CLOCK, "city")
    codes: list[str] = []

    async def send_code(_phone: str, code: str, _id: str) -> None:
        codes.append(code)

    gateway = Gateway(opened, SignInServices(send_code, Register()))
    async with gateway.running():
        made = Town(gateway, database, redis, opened)
        made.codes = codes
        with logged() as made.logged:
            yield made
        await made.stop()


async def account(town: Town, who: SignedIn) -> UUID:
    async with town.database.session() as session:
        return (await session.get_one(Session, who.token.sid)).account_id


async def proven(town: Town, number: int, ial: int, subject: str = "") -> SignedIn:
    """Sign a resident in, and prove who they are."""
    subject, scope = subject or f"openid-{number}", "openid profile phone id_number"
    who = await signed_in(town.gateway, town.settings, subject, "L3", scope)
    evidence = Evidence(NAMES[number], ID_NUMBERS[number], "face-and-document", ial)
    async with town.database.session() as session:
        owner = await session.get_one(Session, who.token.sid)
        await prove(session, CLOCK, town.keys, owner, evidence)
    return who


async def by_phone(town: Town, who: SignedIn | None, number: int) -> None:
    """Prove a phone by a code, for a resident or for somebody who signs in by it alone."""
    codes = PhoneCodes(town.redis, town.keys, town.settings)
    challenge, code = await codes.begin(PHONES[number], "192.0.2.1")
    with pytest.raises(PhoneCodeRefusedError):
        await codes.finish(challenge, f"{(int(code) + 1) % 1_000_000:06}")
    assert await codes.finish(challenge, code) == PHONES[number]
    with pytest.raises(TooManyCodesError):
        await codes.begin(PHONES[number], "192.0.2.1")
    if who is not None:
        async with town.database.session() as session:
            mine = await session.get_one(Account, await account(town, who))
            await add_phone(session, CLOCK, town.keys, mine, PHONES[number])
        with pytest.raises(SignInRefusedError):
            async with town.database.session() as session:
                await sign_in_by_phone(session, CLOCK, town.keys, PHONES[number])
        return
    for _ in range(2):
        async with town.database.session() as session:
            await sign_in_by_phone(session, CLOCK, town.keys, PHONES[number])


async def tokens_that_say_all(town: Town, who: SignedIn) -> None:
    """Have an ID token made that holds the resident's name, phone and ID number, twice over for a lost answer."""
    ring, wanted = town.gateway.keys.newest, dict.fromkeys(("name", "phone_number", "id_number"))
    environment = Environment(town.redis, CLOCK, town.settings, who.token.iss, town.keys, lambda: ring)
    async with town.database.session() as session:
        family = await session.get_one(TokenFamily, UUID(who.token.fid))
        family.claims = {"id_token": wanted}
        session.add(family)
        token = await issue(session, CLOCK, family, timedelta(hours=1))
    pairs = [("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", APP)]
    for _ in range(2):
        async with town.database.session() as session:
            request = ProviderRequest("POST", "/oauth/token", who.token.iss, {}, pairs)
            status, body, _ = await token_endpoint(session, environment, request)
        assert status == 200, body
        claims = base64.urlsafe_b64decode(body["id_token"].split(".")[1] + "==")
        assert {NAMES[0], PHONES[0], ID_NUMBERS[0]} <= set(map(str, msgspec.json.decode(claims).values()))


async def through_the_pages(town: Town) -> None:
    """Sign in at a department's site in a browser: phone, code, a wrong and a right name, consent."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(town.gateway), base_url=ISSUER) as client:
        site = await register_site(town.gateway, client, scopes=["profile", "phone"])
        browser = Browser(client)
        url, kept = site.authorize(scope="openid profile phone", acr_values="L2", login_hint=PHONES[5])
        page = await browser.follow(await browser.send("GET", url))
        page = await browser.submit(page, phone=PHONES[5].removeprefix("+86"))
        page = await browser.submit(page, code="000000")
        page = await browser.submit(page, code=town.codes[-1])
        page = await browser.submit(page, agreed="yes", name=NAMES[2], id_number=ID_NUMBERS[3])
        page = await browser.submit(page, agreed="yes", name=NAMES[3], id_number=ID_NUMBERS[3])
        page = await browser.submit(page, answer="yes")
        tokens = await site.redeem(answered(page)["code"], kept["verifier"])
        stays = Browser(client)  # at the page that asks for the code
        page = await stays.follow(await stays.send("GET", site.authorize()[0]))
        assert 'name="code"' in (await stays.submit(page, phone=PHONES[6])).text
        told = (await site.userinfo(tokens.json()["access_token"])).json()
    assert {NAMES[3], PHONES[5]} <= set(map(str, told.values()))


async def agreements(town: Town, child: UUID, adult: UUID) -> None:
    """Consents and mandates, given and taken back."""
    words = Wording("用于预约。", "To book.")
    booking = Purpose(
        id="booking",
        version=1,
        title=words,
        text=words,
        fields=("name", "phone"),
        legal_basis="consent",
        retention=timedelta(days=90),
    )
    between, mandate = (
        Between(adult, "parking"),
        NewMandate(
            kind="child",
            principal=Person(child),
            agent=adult,
            scope=("parking",),
            purpose="Parking",
            expires_at=CLOCK.now() + timedelta(days=30),
            evidence=Document("household-register", "document-1"),
            born=date(2020, 2, 29),
        ),
    )
    async with town.database.session() as session:
        await give(session, CLOCK, between, [booking])
        await withdraw(session, CLOCK, between, "booking")
        agree(session, CLOCK, adult, await session.get_one(Client, APP), ["profile", "phone"])
        given = await mandates.grant(session, CLOCK, mandate, Party(adult), "L3")
        await mandates.revoke(session, CLOCK, given.id, Party(adult))


QUERY = "query Where($plate: String!) { parking { where(plate: $plate) { plate } } }"
MUTATION = "mutation Book($i: ParkingBook_BodyInput!) { parking { book(input: $i) { name } } }"


async def requests(town: Town, who: SignedIn) -> list[Any]:
    """Ask a department about plates and people, in good days and bad ones; return the answers."""
    person = {name: {"type": "string"} for name in ("plate", "name", "phone", "id_number")}
    content = {"application/json": {"schema": {"type": "object", "properties": person}}}
    echo = msgspec.json.encode({"plate": PLATES[0], "name": NAMES[0], "phone": PHONES[0], "id_number": ID_NUMBERS[0]})
    json, problem = "content-type: application/json\r\n", "content-type: application/problem+json\r\n"
    days = iter([
        answer(echo, headers=json),
        answer(echo, headers=json),
        answer(echo, "500 Internal Server Error", json),
        answer(msgspec.json.encode({"title": "No", "detail": f"{NAMES[0]} {PLATES[0]}"}), "409 Conflict", problem),
        answer(echo[:-1], headers=json),
        answer(echo.replace(b'"plate":', b'"plate":[],"x":'), headers=json),
    ])  # fmt: skip
    department = await town.department(lambda _: [next(days)])
    paths = {
        "/where/{plate}": get(content["application/json"]["schema"], "plate:path", operationId="where"),
        "/book": {
            "post": {
                "operationId": "book",
                "requestBody": {"required": True, "content": content},
                "responses": {"200": {"description": "ok", "content": content}},
            }
        },
    }
    await town.publish("parking", paths, department, access="L1")
    everything = {"plate": PLATES[1], "name": NAMES[0], "phone": PHONES[0], "id_number": ID_NUMBERS[0]}
    asked: list[tuple[str, dict[str, Any]]] = [(MUTATION, {"i": everything}), *[(QUERY, {"plate": PLATES[0]})] * 5]
    asked += [(MUTATION, {"i": everything | {NAMES[1]: PHONES[1]}}), (QUERY, {"plate": [PLATES[1], PHONES[1]]})]
    asked += [(f'{{ parking {{ where(plate: "{PLATES[1]}") {{ {NAMES[1].split()[0]} }} }} }}', {})]
    answers = [await ask(town, who, query, variables) for query, variables in asked]
    await department.stop()
    return [*answers, await ask(town, who, QUERY, {"plate": PLATES[1]})]


async def ask(town: Town, who: SignedIn, query: str, variables: dict[str, Any]) -> Any:
    body = msgspec.json.encode({"query": query, "variables": variables})
    _, _, reply = await town.gateway.direct["/graphql"]("POST", b"", JSON_HEADERS | who.header(), body)
    return msgspec.json.decode(reply)


async def a_passkey(town: Town, who: SignedIn) -> None:
    """Add a passkey whose owner has given it a name that says who they are, and give up another."""
    made = Made(
        party_id="id.example",
        id="AAAA",
        public_key=b"key",
        sign_count=0,
        aaguid="",
        backup_eligible=True,
        backed_up=True,
    )
    async with town.database.session() as session:
        mine = await session.get_one(Account, await account(town, who))
        for id_ in ("AAAA", "BBBB"):
            each = msgspec.structs.replace(made, id=id_)
            held = await add_passkey(session, CLOCK, town.keys, mine, made=each, label=f"{NAMES[0]} {PLATES[0]}")
        await detach(session, CLOCK, held.identity, "unlinked")


async def test_nothing_that_is_kept_says_who_anybody_is(town: Town) -> None:
    first, second, third = [await proven(town, number, 3) for number in range(3)]
    for number, who in enumerate((first, second, None, None)):
        await by_phone(town, who, number)
    await PhoneCodes(town.redis, town.keys, town.settings).begin(PHONES[4], "192.0.2.1")
    await proven(town, 0, 3, subject="openid-again")  # the same person: the accounts become one
    with pytest.raises(IdNumberTakenError):
        await proven(town, 1, 2, subject="openid-stranger")
    await tokens_that_say_all(town, first)
    await through_the_pages(town)
    await a_passkey(town, first)
    await agreements(town, await account(town, second), await account(town, third))
    answers = await requests(town, first)
    assert answers[0]["data"] == {"parking": {"book": {"name": NAMES[0]}}}
    assert answers[1]["data"] == {"parking": {"where": {"plate": PLATES[0]}}}
    assert all(each.get("errors") for each in answers[2:])

    kept = await town.kept()
    assert all(
        sign in kept["PostgreSQL"] for sign in (b"household-register", b"openid-again", b"account_merge", b"AAAA")
    )
    assert b"phone_code" in kept["Redis"]
    assert kept["logs"].count(b'"logger":"gateway.http.graphql"') >= len(answers)
    assert b"database system is ready" in kept["logs"]
    assert leaks(kept, SEEDS) == set()


async def test_a_phone_that_a_site_says_beforehand_is_kept_sealed(town: Town) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(town.gateway), base_url=ISSUER) as client:
        site, browser = await register_site(town.gateway, client), Browser(client)
        params, _ = site.request(login_hint=PHONES[0])
        assert (await site.post("/oauth/par", **params)).status_code == 201
        await browser.follow(await browser.send("GET", site.authorize(login_hint=PHONES[1])[0]))
    assert leaks(await town.kept(), PHONES) == set()


async def test_the_search_finds_what_is_hidden_a_little(town: Town) -> None:
    name, phone, number, plate = NAMES[0], PHONES[0], ID_NUMBERS[0], PLATES[0]
    async with town.database.session() as session:
        planted = Account(created_at=CLOCK.now(), proof_source=phone, name=msgspec.msgpack.encode({"name": name}))
        planted.id_number = base64.b64encode(f"..{number}".encode())
        session.add(planted)
    await town.redis.hset("yiwang:x:{y}", mapping={"z": base64.urlsafe_b64encode(f".{phone}".encode())})
    await town.redis.lpush("yiwang:queue", msgspec.msgpack.encode([name.encode().hex()]))
    await town.redis.sadd(f"yiwang:plates:{plate}", "1")
    await town.redis.zadd("yiwang:ranks", {number: 1})
    await town.redis.xadd("yiwang:news", {"text": f"to {name}"})
    logging.getLogger("gateway").debug("GET /where/%s?name=%s", quote(plate), repr(name).encode("unicode_escape"))
    found = leaks(await town.kept(), (name, phone, number, plate))
    assert found == {
        *(("PostgreSQL", value) for value in (name, phone, number)),
        *(("Redis", value) for value in (name, phone, number, plate)),
        *(("logs", value) for value in (name, plate)),
    }
