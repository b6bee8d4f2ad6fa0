"""What the phones do for any host app: a small one that signs in, takes payments and has codes of its own."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any

import pytest
from litestar.handlers import HTTPRouteHandler

from adapters.channel import Provider
from adapters.sandbox.host import Bill, Deed, InboxMessage
from adapters.sandbox.world import World
from tests.sandbox.conftest import City, running


class SmallHost:
    """Implements SimulatedHost and offers no list of faults."""

    provider: Provider = "baidu"
    lacks: Collection[Deed] = ()

    def __init__(self, world: World) -> None:
        self._world = world
        self._inbox = {each: [InboxMessage("hello", (("name", each),))] for each in world.residents}

    def routes(self) -> Sequence[HTTPRouteHandler]:
        return []

    def apps(self) -> Mapping[str, str]:
        return {"b1": "小程序"}

    def login(self, app_id: str, resident: str) -> str:
        return f"{app_id}-{resident}-{self._world.token(4)}"

    def phone_proof(self, app_id: str, resident: str) -> Mapping[str, str]:
        return {"code": f"{app_id}-{resident}"}

    def allow_message(self, app_id: str, resident: str, template: str) -> Mapping[str, str]:
        return {"formId": f"{app_id}-{resident}-{template}"}

    def bill(self, app_id: str, resident: str, parameters: Mapping[str, str]) -> Bill:
        return Bill(int(parameters["amount"]), f"{app_id}-{resident}")

    async def pay(self, app_id: str, resident: str, parameters: Mapping[str, str], *, confirmed: bool = True) -> str:
        if int(parameters["amount"]) < 0:
            raise ValueError("the amount is negative")
        return f"{app_id}-{resident}-{'ok' if confirmed else 'cancel'}"

    def agree(self, app_id: str, resident: str, parameters: Mapping[str, Any]) -> str:
        return f"{app_id}-{resident}-{parameters['plate']}"

    def inbox(self, resident: str) -> Sequence[InboxMessage]:
        return self._inbox[resident]

    def scanned(self, text: str) -> Mapping[str, str] | None:
        return {"scene": text.removeprefix("baidu:")} if text.startswith("baidu:") else None


@pytest.fixture
async def two() -> AsyncIterator[City]:
    async with running(more=lambda world: [SmallHost(world)]) as one:
        yield one


APP = "/phones/li/baidu/b1"


async def test_a_resident_signs_in_allows_and_pays(two: City) -> None:
    assert (await two.ask("POST", f"{APP}/login"))["code"].startswith("b1-li-")
    assert await two.ask("POST", f"{APP}/phone-proof") == {"code": "b1-li"}
    assert await two.ask("POST", f"{APP}/messages", {"template": "t1"}) == {"formId": "b1-li-t1"}
    bill = await two.ask("POST", f"{APP}/bills", {"parameters": {"amount": "510"}})
    assert bill == {"merchant": "小程序", "subject": "b1-li", "amount_fen": 510}
    for more, said in (({}, "ok"), ({"confirmed": False}, "cancel")):
        result = await two.ask("POST", f"{APP}/payments", {"parameters": {"amount": "1"}} | more)
        assert result == {"result": f"b1-li-{said}"}
    agreed = await two.ask("POST", f"{APP}/agreements", {"parameters": {"plate": "沪A12345"}})
    assert agreed == {"result": "b1-li-沪A12345"}


@pytest.mark.parametrize(
    ("parameters", "said"), [({}, "KeyError 'amount'"), ({"amount": "-1"}, "negative"), ({"amount": "x"}, "'x'")]
)
async def test_what_a_cashier_cannot_use_is_said(two: City, parameters: dict[str, str], said: str) -> None:
    problem = await two.ask("POST", f"{APP}/payments", {"parameters": parameters}, expect=422)
    assert said in problem["message"]


async def test_who_lacks_something_says_so_before_it_is_tried(two: City) -> None:
    lacks = {each["provider"]: each["lacks"] for each in await two.ask("GET", "/phones")}
    assert lacks == {"web": ["login", "phone-proof", "payments", "agreements"], "baidu": []}
    for path in lacks["web"]:
        body: dict[str, Any] | None = {"parameters": {}} if path in {"payments", "agreements"} else None
        assert (await two.ask("POST", f"/phones/li/web/web/{path}", body, expect=422))["code"] == "HOST_LACKS_THIS"


async def test_a_code_of_another_hosts_names_who_can_read_it(two: City) -> None:
    assert await two.ask("POST", "/phones/li/baidu/scans", {"text": "baidu:7"}) == {"scene": "7"}
    problem = await two.ask("POST", "/phones/li/web/scans", {"text": "baidu:7"}, expect=422)
    assert problem["fix"] == "It can be scanned with baidu."


async def test_every_host_app_opens_links(two: City) -> None:
    opened = await two.ask("POST", "/phones/li/baidu/scans", {"text": "https://a.example/p?q=1"})
    assert opened == {"url": "https://a.example/p?q=1", "path": "/p", "query": "q=1"}


async def test_the_inbox_is_every_hosts(two: City) -> None:
    (message,) = await two.inbox("li")
    assert (message["provider"], message["title"], message["lines"]) == ("baidu", "hello", [["name", "li"]])


async def test_a_host_that_lists_no_faults_is_believed(two: City) -> None:
    await two.fault("baidu.callback", "late")
    assert await two.ask("POST", "/faults", {"where": "baidu", "fault": "late"}, expect=422)
    assert (await two.ask("GET", "/faults"))["planned"] == {"baidu.callback": ["late"]}
