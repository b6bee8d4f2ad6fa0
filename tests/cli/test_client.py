"""``yiwang client`` as an operator meets it."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from joserfc.jwk import ECKey

from auth.clients.secrets import secret_digest
from auth.errors import ClientRefusedError, ClientUnknownError
from auth.sessions.families import begin_family, standing
from auth.sessions.sessions import live
from kernel.clock import ManualClock, SystemClock
from kernel.database import Database
from services_catalog.departments import add_department
from services_catalog.errors import UnknownDepartmentError
from services_catalog.manifest import Text
from tests.auth.residents import Residents
from tests.cli.operator import Operator

SITE = ("--name-zh", "住房公积金", "--name-en", "Housing Fund", "--redirect-uri", "https://housing.example/back")
HOUSING = ("client", "add", "housing-site", "--department", "housing", *SITE)


@pytest.fixture
async def housing(database: Database) -> None:
    async with database.session() as session:
        await add_department(session, SystemClock(), "housing", Text(zh="住房", en="Housing"))


async def test_an_ordinary_site_gets_a_secret_that_is_shown_once(
    operator: Operator, database: Database, housing: None
) -> None:
    added = await operator.type(*HOUSING, "--scope", "profile", "--scope", "phone")
    secret = added.stdout.strip()
    assert secret.startswith("ycs_")
    assert "cannot be shown again" in added.stderr
    row = await database.pool.fetchrow("SELECT * FROM client WHERE client_id = 'housing-site'")
    assert row["secret_digest"] == secret_digest(secret)
    assert (row["tier"], row["auth_method"], row["sector"]) == ("T1", "client_secret_basic", "department:housing")
    assert (row["scopes"], row["least_acr"], row["pkce_required"]) == (["profile", "phone"], "L1", True)
    shown = await operator.done("client", "show", "housing-site")
    assert json.loads(shown)["redirect_uris"] == ["https://housing.example/back"]
    assert secret not in shown
    assert "secret" not in json.loads(shown)
    listed = await operator.done("client", "list")
    assert listed == "housing-site  T1  housing  住房公积金  Housing Fund\n"


async def test_a_sensitive_site_brings_a_key_and_gets_no_secret(
    operator: Operator, database: Database, housing: None, tmp_path: Path
) -> None:
    keys = tmp_path / "jwks.json"
    public = ECKey.generate_key("P-256").as_dict(private=False)
    keys.write_text(json.dumps({"keys": [public]}))
    more = ("--tier", "T2", "--jwks", str(keys), "--scope", "id_number")
    hears = ("--backchannel-logout-uri", "https://housing.example/logout")
    refused = await operator.type(*HOUSING, *more)
    assert isinstance(refused.exception, ClientRefusedError)
    assert "hear of logouts" in str(refused.exception)
    assert await operator.done(*HOUSING, *more, *hears) == ""
    shown = json.loads(await operator.done("client", "show", "housing-site"))
    assert shown["jwks"] == {"keys": [public]}
    assert (shown["auth_method"], shown["least_acr"]) == ("private_key_jwt", "L3")


async def test_every_field_has_its_flag(operator: Operator, housing: None) -> None:
    given: dict[str, str | list[str]] = {
        "tier": "T3",
        "auth_method": "private_key_jwt",
        "jwks_uri": "https://housing.example/jwks",
        "redirect_uris": ["https://housing.example/back", "https://housing.example/too"],
        "post_logout_redirect_uris": ["https://housing.example/left"],
        "initiate_login_uri": "https://housing.example/begin",
        "backchannel_logout_uri": "https://housing.example/logout",
        "sector": "housing.example",
        "scopes": ["offline_access"],
        "response_modes": ["form_post"],
        "least_acr": "L4",
    }
    flags = ["--redirect-uri", "https://housing.example/too", "--without-pkce"]
    for name, value in given.items():
        if name != "redirect_uris":
            flags += ["--" + name.removesuffix("s").replace("_", "-"), value[0] if isinstance(value, list) else value]
    await operator.done(*HOUSING, *flags)
    shown = json.loads(await operator.done("client", "show", "housing-site"))
    assert {name: shown[name] for name in given} == given
    assert shown["pkce_required"] is False
    assert shown["department"] == "housing"


async def test_mistakes_are_told_with_their_remedy(operator: Operator, housing: None, tmp_path: Path) -> None:
    nobody = await operator.type("client", "add", "site", "--department", "nobody", *SITE)
    assert isinstance(nobody.exception, UnknownDepartmentError)
    private = tmp_path / "jwks.json"
    private.write_text(json.dumps({"keys": [ECKey.generate_key("P-256").as_dict(private=True)]}))
    given_away = await operator.type(*HOUSING, "--jwks", str(private))
    assert "private or shared key" in str(given_away.exception)
    private.write_text("no JSON")
    assert "is no JSON object" in (await operator.type(*HOUSING, "--jwks", str(private))).output
    await operator.done(*HOUSING)
    assert "a client housing-site already" in str((await operator.type(*HOUSING)).exception)
    for command in ("show", "suspend", "resume"):
        assert isinstance((await operator.type("client", command, "nobody")).exception, ClientUnknownError)


async def test_a_suspended_clients_tokens_are_worthless_and_sessions_live_on(
    operator: Operator, database: Database, housing: None, residents: Residents, clock: ManualClock
) -> None:
    await operator.done(*HOUSING)
    owner = await residents.sign_in("openid-1")
    async with database.session() as session:
        family = begin_family(session, clock, owner, "housing-site", scope="openid", life=timedelta(hours=1))
    assert "sign-ins that are over: 1" in await operator.done("client", "suspend", "housing-site")
    async with database.session() as session:
        assert await standing(session, clock, family.id) is None
        await live(session, clock, owner.sid)
    assert "suspended" in await operator.done("client", "list")
    await operator.done("client", "resume", "housing-site")
    assert "suspended" not in await operator.done("client", "list")
    actions = await database.pool.fetch("SELECT action FROM audit_entry ORDER BY seq")
    assert [row["action"] for row in actions] == ["client.registered", "client.suspended", "client.resumed"]
    own = await operator.type("client", "suspend", owner.client_id)
    assert "platform's own" in str(own.exception)


async def test_a_site_that_hears_of_no_logouts_is_shown(operator: Operator, database: Database, housing: None) -> None:
    await operator.done(*HOUSING)
    await database.pool.execute("UPDATE client SET backchannel_failed_at = '2026-11-25 08:00+00'")
    assert "heard of no logout on 2026-11-25 08:00 UTC" in await operator.done("client", "list")


async def test_a_program_acts_for_itself_and_signs_nobody_in(operator: Operator, housing: None) -> None:
    add = ("client", "add", "car-parks", "--department", "housing", "--name-zh", "停车", "--name-en", "Parking")
    program = (*add, "--scope", "parking:operate")
    for wrong in (SITE[-2:], ("--scope", "profile"), ("--tier", "T3")):
        assert isinstance((await operator.type(*program, *wrong)).exception, ClientRefusedError)
    assert isinstance((await operator.type(*add)).exception, ClientRefusedError)
    assert (await operator.type(*program)).stdout.startswith("ycs_")
