"""Codes in the graph: a resident shows one, sees who asked, and makes a lost phone's worthless."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from cProfile import Profile
from datetime import datetime
from typing import Any

import httpx
import msgspec
import pytest

from flows.codes import checking, device_codes, pass_codes, place_codes, places, verifiers
from flows.codes.checking import Checked
from flows.codes.message_signatures import SignedRequest, sign
from flows.codes.place_codes import PlaceCode
from flows.codes.place_tables import StaticCode
from flows.codes.sheets import Sticker, pages
from flows.codes.tables import CodeVerifier
from kernel.clock import SystemClock
from kernel.crypto.keys import open_keys
from tests.codes.issued import PHONE, Phone
from tests.gateway.conftest import City
from tests.gateway.residents.hosts import Phones, sign_in

CODE = """mutation ($purpose: String!, $batch: Int!) {
  passCode(purpose: $purpose, batch: $batch) { codes { text validFrom validUntil } now refreshSeconds }
}"""
USES = "{ myCodeUses { verifierZh purpose told result offline } }"


async def registered(city: City, name: str = "一号入口") -> tuple[CodeVerifier, bytes]:
    """A gate, and what it signs with."""
    row = CodeVerifier(
        name_zh=name,
        name_en="Gate",
        purposes=["parking"],
        claims=["level"],
        verifier_group="parking",
        secret=b"",
        registered_at=SystemClock().now(),
    )
    async with city.gateway.database.session() as session:
        secret = await verifiers.register(session, SystemClock(), open_keys(city.settings).cipher, row)
    return row, secret.encode()


async def read_by_a_gate(city: City, text: str, name: str = "一号入口") -> Checked:
    """What a gate is told of a code."""
    row, _ = await registered(city, name)
    async with city.gateway.database.session() as session:
        gate = await verifiers.unrevoked(session, row.id)
        assert gate is not None
        return await checking.check(session, city.gateway.desk, gate, text, "r")


async def test_a_resident_shows_a_code_and_sees_who_asked(city: City, phones: Phones) -> None:
    who = await sign_in(city, phones, "wang")
    given = await who.data(CODE, purpose="parking", batch=0)
    (code,) = given["codes"]
    assert (len(code["text"]), given["refreshSeconds"]) == (26, 30)
    assert (await read_by_a_gate(city, code["text"])).claims == {"level": "L1"}
    seen = await who.data(USES)
    assert seen == [
        {"verifierZh": "一号入口", "purpose": "parking", "told": ["level"], "result": "ok", "offline": False}
    ]
    assert (await read_by_a_gate(city, code["text"], "二号入口")).result == "replay"
    assert [each["result"] for each in (await who.data(USES))] == ["replay", "ok"]
    other = await sign_in(city, phones, "li")
    assert await other.data(USES) == []


async def test_a_batch_is_signed_and_a_lost_phones_is_worthless(city: City, phones: Phones) -> None:
    who = await sign_in(city, phones, "wang")
    codes = (await who.data(CODE, purpose="parking", batch=10))["codes"]
    assert len(codes) == 10
    assert all(each["text"].startswith(pass_codes.PREFIX) for each in codes)
    assert (await who.data("mutation { revokeCodes }")) is True
    assert (await read_by_a_gate(city, codes[0]["text"])).result == "revoked"


async def test_a_code_is_for_who_is_known_well_enough(city: City, phones: Phones) -> None:
    who = await sign_in(city, phones, "wang")
    assert await who.code(CODE, purpose="identity", batch=0) == "ASSURANCE_TOO_LOW"
    assert await who.code(CODE, purpose="gambling", batch=0) == "CODE_PURPOSE_UNKNOWN"
    assert await who.code(CODE, purpose="parking", batch=11) == "ARGUMENT_REFUSED"
    elsewhere = 'mutation { passCode(purpose: "parking", phone: {latitude: 91, longitude: 0}) { now } }'
    assert await who.code(elsewhere) == "ARGUMENT_REFUSED"
    answer = await city.ask(CODE, purpose="parking", batch=0)
    assert answer["errors"][0]["extensions"]["code"] == "SIGN_IN_NEEDED"


CHALLENGE = "mutation { codeDeviceChallenge }"
BIND = "mutation ($key: String!, $proof: String!) { bindCodeDevice(key: $key, proof: $proof) { boundAt trustedUntil } }"
CREDENTIAL = """mutation ($key: String!) {
  codeCredential(key: $key, purpose: "parking") { credential validUntil now }
}"""
DEVICES = "{ codeDevices { trustedUntil } }"


async def test_a_phone_with_a_key_store_signs_codes_itself(city: City, phones: Phones) -> None:
    who, pool = await sign_in(city, phones, "wang"), city.gateway.database.pool

    async def binds(phone: Phone, key: str = "") -> dict[str, str]:
        challenge = unwritten(await who.data(CHALLENGE))
        proof = phone.sign(device_codes.to_bind(challenge))
        return {"key": key or written(phone.public), "proof": written(proof)}

    assert await who.code(BIND, **await binds(PHONE)) == "CODE_DEVICE_REFUSED"  # a mini-program has no key store
    await pool.execute("UPDATE session SET channel = 'web'")
    assert await who.code(BIND, **await binds(PHONE, "not/base64url")) == "ARGUMENT_REFUSED"
    assert await who.code(CREDENTIAL, key=written(PHONE.public)) == "CODE_DEVICE_UNKNOWN"
    bound = await who.data(BIND, **await binds(PHONE))
    assert bound["trustedUntil"] == bound["boundAt"]
    given = await who.data(CREDENTIAL, key=written(PHONE.public))
    credential = unwritten(given["credential"])
    assert (len(credential), await who.data(DEVICES)) == (119, [{"trustedUntil": given["validUntil"]}])
    text = PHONE.code(credential, datetime.fromisoformat(given["now"]))
    assert (await read_by_a_gate(city, text)).claims == {"level": "L1"}
    assert [each["result"] for each in await who.data(USES)] == ["ok"]
    taken = (await who.data("{ me { export } }"))["export"]["codes"]
    assert [(each["key"], each["revoked_at"]) for each in taken["phones"]] == [(PHONE.public.hex(), None)]
    assert [(each["verifier"], each["result"], each["told"]) for each in taken["uses"]] == [
        ("一号入口", "ok", ["level"])
    ]
    await pool.execute("UPDATE session SET auth_time = auth_time - interval '1 hour'")
    assert await who.data(BIND, **await binds(PHONE)) == bound | {"trustedUntil": given["validUntil"]}
    assert await who.code(BIND, **await binds(Phone(2))) == "AUTHENTICATION_TOO_OLD"
    await pool.execute("UPDATE session SET auth_time = auth_time + interval '1 hour'")
    await who.data(BIND, **await binds(Phone(2)))
    assert (await read_by_a_gate(city, text)).result == "revoked"
    assert (await who.data("mutation { revokeCodes }")) is True
    assert await who.data(DEVICES) == []
    audited = "SELECT count(*) FROM audit_entry WHERE action = 'code_device.bound'"
    assert await pool.fetchval(audited) == 3


def written(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def unwritten(text: str) -> bytes:
    return urlsafe_b64decode(text + "==")


PLACE = (
    "query ($s: String!) { placeCode(scanned: $s, latitude: 31.25, longitude: 121.4737) { answer reference isFar } }"
)
REPORT = 'mutation ($s: String!) { reportPlaceCode(scanned: $s, key: "1") }'


async def sticker(city: City) -> tuple[PlaceCode, place_codes.Keys]:
    """A sticker of a bay, and the keys of the MAC."""
    clock, cipher = SystemClock(), open_keys(city.settings).cipher
    fields: dict[str, Any] = {
        "name_zh": "一",
        "name_en": "1",
        "street_zh": "路",
        "latitude": 31.2304,
        "longitude": 121.4737,
    }
    row = StaticCode(
        object_id=b"", short_code="", kind="bay", reference="bay:1", kid=0, created_at=clock.now(), **fields
    )
    async with city.gateway.database.session() as session:
        await places.register(session, clock, cipher, row)
        keys = await places.mac_keys(session, cipher)
    return PlaceCode("bay", row.object_id, row.kid), keys


async def test_an_app_reads_a_sticker_and_reports_a_forged_one(city: City, phones: Phones) -> None:
    who, (code, keys) = await sign_in(city, phones, "wang"), await sticker(city)
    base = city.gateway.environment.issuer
    for scanned in (place_codes.payload(base, code, keys), place_codes.scene_of(code, keys)):
        assert await who.data(PLACE, s=scanned) == {"answer": "valid", "reference": "bay:1", "isFar": True}
    forged = place_codes.payload("https://q.evil.example", code, keys)
    assert await who.data(PLACE, s=forged) == {"answer": "tampered", "reference": None, "isFar": False}
    assert [await who.data(REPORT, s=forged) for _ in range(2)] == [True, True]
    reports = await city.gateway.database.pool.fetch("SELECT object_id FROM place_report")
    assert [each["object_id"] for each in reports] == [code.object_id]


@pytest.mark.case("QR-15")
async def test_nothing_is_drawn_while_codes_are_issued_checked_and_scanned(
    city: City, phones: Phones, client: httpx.AsyncClient
) -> None:
    who, (gate, secret) = await sign_in(city, phones, "wang"), await registered(city)
    place, keys = await sticker(city)
    scanned = place_codes.text_of(place, keys)
    answers: list[str] = []

    async def checks(text: str) -> None:
        body = msgspec.json.encode({"code": text, "request_id": "r"})
        asked = SignedRequest("POST", client.base_url.host, "/codes/check", {}, body)
        signed = sign(asked, secret, str(gate.id), SystemClock().now(), f"nonce-of-{len(answers)}")
        answer = await client.post("/codes/check", content=body, headers=signed)
        assert answer.json()["result"] == "ok"
        answers.append(answer.text)

    with Profile() as profile:
        for batch in (0, 1):
            given = await who.data(CODE, purpose="parking", batch=batch)
            answers.append(str(given))
            await checks(given["codes"][0]["text"])
        answers.append(str(await who.data(PLACE, s=place_codes.scene_of(place, keys))))
        answers.append((await client.get(f"/p/{scanned}")).text)
    run = files(profile)
    for name in ("issuing", "checking", "places"):
        assert any(each.endswith(f"flows/codes/{name}.py") for each in run)
    assert [each for each in run if "/segno/" in each or each.endswith("sheets.py")] == []
    assert not any(picture in each for each in answers for picture in ("<svg", "data:image"))
    with Profile() as profile:
        list(pages([Sticker(scanned, "一", "1", "ABCD-EFGH")]))
    assert any("/segno/" in each for each in files(profile))  # which would have been seen


def files(profile: Profile) -> set[str]:
    """The files whose functions were called."""
    return {each.code.co_filename for each in profile.getstats() if not isinstance(each.code, str)}
