"""What is kept of those who act for others, and of those who are acted for, says who none of them is."""

import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from adapters.sandbox.world import RESIDENTS
from kernel.settings import Settings
from tests.cli.operator import Operator
from tests.gateway.conftest import City
from tests.gateway.everything_kept import everything, leaks, logged
from tests.gateway.residents.hosts import BEGIN, Phones, agree, sign_in
from tests.gateway.residents.registered import (
    CHILD,
    COMPANY,
    FOR_CHILD,
    FOR_COMPANY,
    REPRESENT,
    agent_code,
    for_child,
    for_company,
    proven,
)
from tests.gateway.residents.test_child_mandates import AGREE_FOR
from tests.gateway.residents.test_permits import call
from tests.gateway.test_identity import Asked

pytestmark = pytest.mark.case("issue-3.5")

BY_DOCUMENT = ("上官飞燕", "330106201505123454")
TERMS = ("--evidence", "court-order", "--reference", "1", "--scope", "health", "--purpose", "visits", "--days", "9")
_KNOWN = [(each.name, each.id_number, each.phone, each.phone.removeprefix("+86")) for each in RESIDENTS]
SEEDS = [*(seed for each in _KNOWN for seed in each), CHILD.name, CHILD.id_number, *BY_DOCUMENT]


@pytest.fixture
def city_settings(city_settings: Settings) -> Settings:
    return replace(city_settings, access_log=True, log_level="DEBUG")


async def test_nothing_that_is_kept_says_who_acts_for_whom(
    city: City, phones: Phones, health: Asked, redis: Redis, settings: Settings
) -> None:
    with logged() as written:
        li, zhang = await proven(city, phones, "li"), await proven(city, phones, "zhang")
        mandate = (await li.data(FOR_CHILD, mandate=for_child()))["id"]
        assert await li.data(AGREE_FOR, mandate=mandate) is True
        assert await call(health, li, "records", mandate) == ""
        assert await zhang.code(FOR_CHILD, mandate=for_child()) == "REGISTER_NO_MATCH"
        await zhang.data(REPRESENT, code=COMPANY.credit_code)
        await zhang.data(FOR_COMPANY, mandate=for_company(agentCode=await agent_code(li)))
        wang = await sign_in(city, phones, "wang")
        await agree(wang, "face-comparison")
        await wang.data(BEGIN, **phones.person("wang"))
        grant = ("mandate", "grant", "child", "--for", "-", *TERMS)
        stdin, code = "\n".join(BY_DOCUMENT), await agent_code(wang)
        await Operator(settings).done(*grant, "--agent", code, stdin=stdin)
        refused = await Operator(city.settings).type(*grant, "--agent", await agent_code(wang), stdin=stdin)
        assert refused.exit_code == 1  # the register does not know them
        kept = await everything(city.settings, redis, written)
    assert all(sign in kept["PostgreSQL"] for sign in (b"household-register", b"court-order", b"representation"))
    assert b"face_check" in kept["Redis"]
    assert b'"logger":"gateway.http.graphql"' in kept["logs"]
    assert leaks(kept, SEEDS) == set()
