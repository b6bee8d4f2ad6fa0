"""The suite's plans: the same modules with the default response mode, and with form_post."""

import pytest
from redis.asyncio import Redis

from tests.sign_on.conformance.flow import Mode, Plan
from tests.sign_on.conftest import SignOn


@pytest.fixture(params=["query", "form_post"])
async def plan(request: pytest.FixtureRequest, sign_on: SignOn, redis: Redis) -> Plan:
    """The Basic plan, and the Form Post plan, which has the same modules (oidcc-formpost-basic-…)."""
    mode: Mode = request.param
    return Plan(sign_on, redis, mode)


@pytest.fixture
async def basic(sign_on: SignOn, redis: Redis) -> Plan:
    """A plan with the default response mode alone."""
    return Plan(sign_on, redis, "query")
