"""The operations of docs/graphql.md are carried out as they are shown, one after the other."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from graphql import OperationDefinitionNode, parse, print_ast

from adapters.sandbox.development import APPS
from kernel.clock import SystemClock
from tests.gateway.conftest import City
from tests.gateway.residents.hosts import Phones, ask, came_back

_PAGE = (Path(__file__).parents[3] / "docs" / "graphql.md").read_text()


def _operations() -> dict[str, str]:
    blocks = re.findall(r"^```graphql\n(.*?)^```", _PAGE, re.MULTILINE | re.DOTALL)
    shown = [each for block in blocks for each in parse(block).definitions if isinstance(each, OperationDefinitionNode)]
    return {each.name.value: print_ast(each) for each in shown if each.name}


SHOWN = _operations()


class Reader:
    """A front end that does what the page shows, for one resident."""

    def __init__(self, city: City, phones: Phones, resident: str) -> None:
        self._city = city
        self.phones = phones
        self.resident = resident
        self.done: list[str] = []
        self.token = ""

    async def do(self, operation: str, /, **variables: Any) -> Any:
        """Carry out an operation of the page; go on with the token that it answers, if it answers one."""
        headers = {b"authorization": f"Bearer {self.token}".encode()} if self.token else {}
        result = await ask(self._city, SHOWN[operation], headers, **variables)
        assert "errors" not in result, result
        (value,) = result["data"].values()
        given = value.get("signedIn", value) if isinstance(value, dict) else None
        self.token = given.get("accessToken", self.token) if given else self.token
        self.done.append(operation)
        return value


async def proven(reader: Reader) -> Reader:
    """Sign in, refresh, and prove who one is, by number and by face."""
    app = APPS["wechat"]
    signed_in = await reader.do("SignIn", app=app, code=reader.phones.code(reader.resident, "wechat"))
    await reader.do("Refresh", app=app, token=signed_in["refreshToken"])
    for purpose in ("real-name", "face-comparison"):
        version = (await reader.do("Purpose", id=purpose))["version"]
        assert await reader.do("Agree", purposes=[{"id": purpose, "version": version}]) is True
    assert (await reader.do("ProvePerson", **reader.phones.person(reader.resident)))["session"]["level"] == "L2"
    begun = await reader.do("BeginFaceCheck")
    decided = reader.phones.sandbox.identity.decide(reader.resident, begun["id"], "passed")
    finished = await reader.do("FinishFaceCheck", **came_back(decided))
    assert (finished["state"], finished["signedIn"]["session"]["level"]) == ("PASSED", "L3")
    return reader


@pytest.mark.usefixtures("health")
async def test_every_operation_of_the_page_works_as_it_is_shown(city: City, phones: Phones) -> None:
    wang, li = await proven(Reader(city, phones, "wang")), Reader(city, phones, "li")
    await li.do("SignIn", app=APPS["alipay"], code=phones.code("li", "alipay"))
    code = (await li.do("AgentCode"))["code"]
    end = (SystemClock().now() + timedelta(days=30)).isoformat()
    assert (await wang.do("GrantMandate", code=code, end=end))["kind"] == "person"
    assert (await wang.do("AddPhone", proof=phones.proof("wang", "wechat"))).endswith("0001")
    other = Reader(city, phones, "wang")
    await other.do("SignIn", app=APPS["alipay"], code=phones.code("wang", "alipay"))
    shown = (await other.do("LinkCode"))["code"]
    assert (await wang.do("Link", code=shown))["session"]["level"] == "L3"
    assert {*wang.done, *li.done, *other.done} == SHOWN.keys()
