"""The sandbox's own API: phones, faults, events and the clock, what it refuses, and its document."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from adapters.sandbox.development import development_hosts
from adapters.sandbox.hosts import build_sandbox
from adapters.web.sms import Sms
from kernel.clock import SystemClock
from tests.sandbox.conftest import City, running

SMS = Sms(id="m1", to="+8613900000002", template="parking_due", values={"plate": "沪A12345", "amount": "12.50"})


async def test_everyone_and_every_host_app_is_listed(city: City) -> None:
    residents = await city.ask("GET", "/residents")
    assert {each["key"] for each in residents} == {"wang", "li", "zhang", "chen"}
    lacks = ["login", "phone-proof", "payments", "agreements"]
    web = {"provider": "web", "apps": [{"id": "web", "name": "一网"}], "lacks": lacks}
    assert await city.ask("GET", "/phones") == [web]


async def test_a_scanned_link_opens(city: City) -> None:
    opened = await city.ask("POST", "/phones/wang/web/scans", {"text": "https://city.example/p/7?lot=L1"})
    assert opened == {"url": "https://city.example/p/7?lot=L1", "path": "/p/7", "query": "lot=L1"}


async def test_an_sms_needs_no_tap(city: City) -> None:
    assert await city.ask("POST", "/phones/wang/web/web/messages", {"template": "sign_in"}) == {}


@pytest.mark.parametrize(
    ("request_line", "body", "status", "code", "said"),
    [
        ("POST /phones/wang/web/web/login", None, 422, "HOST_LACKS_THIS", "OpenID provider"),
        ("POST /phones/wang/web/web/phone-proof", None, 422, "HOST_LACKS_THIS", "inbox"),
        ("POST /phones/wang/web/web/payments", {"parameters": {}}, 422, "HOST_LACKS_THIS", "has one"),
        ("POST /phones/wu/web/web/login", None, 404, "SANDBOX_UNKNOWN", "wang, li, zhang, chen"),
        ("POST /phones/wang/qq/web/login", None, 404, "SANDBOX_UNKNOWN", "The host apps are web"),
        ("POST /phones/wang/web/wx1/login", None, 404, "SANDBOX_UNKNOWN", "Its apps are web"),
        ("GET /phones/wu/inbox", None, 404, "SANDBOX_UNKNOWN", "'wu'"),
        ("GET /phones/wu/face-checks", None, 404, "SANDBOX_UNKNOWN", "'wu'"),
        ("POST /phones/wang/web/scans", {"text": "tel:1"}, 422, "SANDBOX_REFUSED", "No host app here"),
        ("POST /phones/wang/web/scans", {"text": "https://[x/"}, 422, "SANDBOX_REFUSED", "No host app here"),
        ("POST /phones/wang/web/scans", {"txt": "x"}, 400, "SANDBOX_BAD_REQUEST", "`text`"),
        ("POST /phones/wang/web/scans", None, 400, "SANDBOX_BAD_REQUEST", "/schema/openapi.json"),
        ("POST /phones/wang/web/web/payments", {"parameters": {"a": 1}}, 400, "SANDBOX_BAD_REQUEST", "str"),
        ("POST /phones/wang/face-checks/c", {"state": "maybe"}, 400, "SANDBOX_BAD_REQUEST", "'maybe'"),
        ("POST /faults", {"where": "web.smss", "fault": "late"}, 422, "SANDBOX_REFUSED", "Did you mean web.sms?"),
        ("POST /faults", {"where": "nowhere", "fault": "late"}, 422, "SANDBOX_REFUSED", "GET /faults"),
        ("POST /faults", {"where": "identity.match", "fault": "twice"}, 422, "SANDBOX_REFUSED", "slow"),
        ("POST /faults", {"where": "web.sms", "fault": "odd"}, 400, "SANDBOX_BAD_REQUEST", "'odd'"),
        ("POST /faults", {"where": "web.sms", "fault": "late", "times": 0}, 400, "SANDBOX_BAD_REQUEST", "times"),
        ("POST /clock", {"advance_seconds": -1}, 400, "SANDBOX_BAD_REQUEST", "advance_seconds"),
        ("GET /nowhere", None, 404, "SANDBOX_NOT_FOUND", "Nothing is served at /nowhere"),
        ("PUT /faults", None, 405, "SANDBOX_METHOD_NOT_ALLOWED", "does not take PUT"),
    ],
)
async def test_a_refusal_says_what_is_wrong_and_how_to_mend_it(
    city: City, request_line: str, body: Any, *, status: int, code: str, said: str
) -> None:
    method, target = request_line.split()
    problem = await city.ask(method, target, body, expect=status)
    assert problem.keys() == {"code", "message", "fix"}
    assert problem["code"] == code
    assert said in f"{problem['message']} {problem['fix']}"
    assert problem["fix"]


async def test_faults_are_planned_seen_used_up_and_taken_back(city: City) -> None:
    await city.fault("web.sms", "never", 2)
    await city.fault("web.sms", "twice")
    assert (await city.ask("GET", "/faults"))["planned"] == {"web.sms": ["never", "never", "twice"]}
    await city.sms.send(SMS)
    assert (await city.ask("GET", "/faults"))["planned"] == {"web.sms": ["never", "twice"]}
    await city.ask("DELETE", "/faults")
    faults = await city.ask("GET", "/faults")
    assert faults["planned"] == {}
    assert "out_of_order" in faults["places"]["web.sms"]


async def test_events_tell_what_happened_and_by_whom(city: City) -> None:
    await city.sms.send(SMS)
    await city.identity.match("王秀英", "110101195003071227")
    events = await city.ask("GET", "/events")
    assert [(each["host"], each["result"]) for each in events] == [
        ("web", "parking_due arrived at li"),
        ("web", "202"),
        ("identity", "200"),
    ]
    assert len(await city.ask("GET", "/events?host=identity")) == 1
    assert "110101195003071227" not in str(events)


async def test_the_clock_moves_ahead_only(city: City) -> None:
    before = await city.ask("GET", "/clock")
    after = await city.ask("POST", "/clock", {"advance_seconds": 90})
    moved = datetime.fromisoformat(after["now"]) - datetime.fromisoformat(before["now"])
    assert (moved, after["ahead_seconds"], after["seed"]) == (timedelta(seconds=90), 90.0, 0)


async def test_one_seed_is_one_run() -> None:
    async def numbers(seed: int) -> list[str]:
        async with running(seed) as one:
            return [
                await one.sms.send(SMS),
                (await one.identity.begin_face_check("1", "", SMS_ID, "https://a.example")).id,
            ]

    assert await numbers(7) == await numbers(7) != await numbers(8)


SMS_ID = "110101195003071227"


async def test_the_document_describes_everything_that_is_served(city: City) -> None:
    document = await city.ask("GET", "/schema/openapi.json")
    assert {"/residents", "/phones/{resident}/inbox", "/faults", "/web/sms/messages"} <= document["paths"].keys()
    assert "/" not in document["paths"]
    operations = [each for path in document["paths"].values() for each in path.values()]
    assert all(each["summary"] and each["description"] for each in operations)
    login = document["paths"]["/phones/{resident}/{provider}/{app_id}/login"]["post"]
    assert {"201", "400", "404", "422"} <= login["responses"].keys()
    assert login["responses"]["404"]["content"]["application/json"]["schema"]["$ref"].endswith("Problem")


async def test_pages_of_other_origins_may_use_the_phones(city: City) -> None:
    reply = await city.http.send("GET", "/residents", headers={"origin": "https://city.example"})
    assert reply.headers["access-control-allow-origin"] == "*"


async def test_what_fails_later_is_an_event() -> None:
    sandbox = build_sandbox(SystemClock(), 0)

    async def fail() -> None:
        raise ValueError("the callback's address is none")

    sandbox.world.spawn(fail())
    waiting = sandbox.world.spawn(asyncio.sleep(60))
    await asyncio.sleep(0)
    await sandbox.later.stop()
    assert isinstance(waiting, asyncio.Task)
    assert waiting.cancelled()
    (event,) = sandbox.world.events
    assert event.result == "failed: ValueError: the callback's address is none"


def test_every_host_has_its_own_provider_and_paths() -> None:
    hosts = development_hosts(build_sandbox(SystemClock(), 0).world)
    assert len({each.provider for each in hosts}) == len(hosts)
    for host in hosts:
        paths = [path for route in host.routes() for path in route.paths]
        assert paths
        below = {f"/{host.provider}/", "/wechat_pay/"} if host.provider == "wechat" else {f"/{host.provider}/"}
        assert {f"/{path.split('/')[1]}/" for path in paths} == below


async def test_what_can_go_wrong_at_wechat_pay_is_listed() -> None:
    async with running(more=lambda world: development_hosts(world)[:-1]) as city:
        places = (await city.ask("GET", "/faults"))["places"]
    operations = ("prepay", "query", "close", "refund", "query_refund", "certificates")
    assert all("bad_signature" in places[f"wechat_pay.{each}"] for each in (*operations, "callback"))
    for place in (
        "wechat.stable_token",
        "wechat.push",
        "alipay.system.oauth.token",
        "alipay.callback",
        "baidu.callback",
    ):
        assert places[place], "every host lists where it can go wrong"


async def test_the_web_app_s_page_shows_what_the_provider_sent_it() -> None:
    async with running() as city:
        page = await city.http.send("GET", "/web/signed-in?code=c-1&state=%3Cs%3E&other=x")
    assert b"<dd>c-1" in page.body
    assert b"<dd>&lt;s&gt;" in page.body
    assert b"other" not in page.body
