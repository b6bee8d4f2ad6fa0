"""Two people decide in a real browser, from a submission over its rejection to what residents see."""

import pytest

from tests.browser import Browser
from tests.catalogue.office import Office
from tests.services_catalog.entries.samples import IMPLEMENTATION, IMPLEMENTATION_CODE, ITEM

pytestmark = pytest.mark.case("issue-4.3")
PATH = f"/entries/{IMPLEMENTATION_CODE}"
HOSTILE = "<img src=x onerror='document.title=1'><script>document.title=1</script>"
SUMMARY = "[data-field=summary]"


async def sign_in(window: Browser, office: Office, name: str) -> None:
    await window.type("#credential", office.tokens[name])
    await window.click("form button")
    await window.find("#forget")


async def decide(window: Browser, step: str, reason: str, said: str) -> None:
    await window.click(f"[data-step={step}]:enabled")
    if reason:
        await window.type("dialog textarea", reason)
    await window.click("dialog form button")
    await window.find("#said", said)
    await window.gone("dialog")


async def test_from_a_rejection_to_what_residents_see(office: Office, url: str, chromium: Browser) -> None:
    await office.offer_operation()
    await office.bring_out(ITEM)
    await office.bring_out(IMPLEMENTATION)
    assert (await office.put("editor", IMPLEMENTATION, summary={"zh": HOSTILE, "en": "Both come."}))[0] == 200
    assert (await office.post("editor", f"{PATH}/submit"))[0] == 200

    await chromium.open(f"{url}/console")
    await sign_in(chromium, office, "reviewer")
    await chromium.click("tbody th a")
    await chromium.find("h1", "内地居民婚姻登记")
    assert HOSTILE in await chromium.text(f"{SUMMARY} .open")
    assert await chromium.run("return document.querySelectorAll('main img, main script').length") == 0
    assert "双方到婚姻登记处" in await chromium.text(f"{SUMMARY} .live del")
    assert await chromium.run("return [...document.querySelectorAll('.field:not([hidden])')].length") == 1
    await chromium.click("[data-step=take]")
    await chromium.find("#said", "由您审核")
    assert await chromium.run("return document.activeElement.tagName") == "H1"
    assert await chromium.run("return document.getElementById('reject').disabled")
    await chromium.click(f"{SUMMARY} .object")
    await chromium.type(f"{SUMMARY} textarea", "这不是简介")
    await chromium.click("#reject", "1 条理由")
    await chromium.find("#said", "已退回")
    assert (await office.get("editor", PATH))["open"]["state"] == "rejected"
    assert (await office.get("editor", f"{PATH}/history"))["events"][-1]["reasons"] == {"summary": "这不是简介"}

    await chromium.click("#forget")
    await chromium.find("#credential")
    assert (await office.put("editor", IMPLEMENTATION, summary={"zh": "双方同来。", "en": "Both come."}))[0] == 200
    await sign_in(chromium, office, "editor")
    assert "这不是简介" in await chromium.text(".rejected ul")
    await chromium.click("[data-step=submit]")
    await chromium.find("#said", "已提交")
    assert "You have no role to review" in await chromium.text("#why-not-take")
    assert await chromium.run("return document.querySelector('[data-step=take]').disabled")

    await chromium.click("#forget")
    await sign_in(chromium, office, "reviewer")
    await chromium.click("[data-step=take]")
    await decide(chromium, "approve", "齐全", "已批准")
    await decide(chromium, "publish", "", "已公布")
    shown = (await office.city.shown())[IMPLEMENTATION_CODE]
    assert (shown.version, shown.summary.zh) == (2, "双方同来。")  # type: ignore[union-attr]  # it says one
    await decide(chromium, "suspend", "窗口装修", "已暂停")
    assert IMPLEMENTATION_CODE not in await office.city.shown()
    await decide(chromium, "resume", "", "已恢复")
    assert IMPLEMENTATION_CODE in await office.city.shown()
    assert "哈希链完整" in await chromium.text(".verdict")
    assert await chromium.complaints() == []


async def test_what_the_api_refuses_is_said_with_its_way_out(office: Office, url: str, chromium: Browser) -> None:
    await office.bring_out(ITEM)
    await chromium.open(f"{url}/console#/entry/{ITEM['code']}")
    await sign_in(chromium, office, "reviewer")
    await chromium.find("[data-step=suspend]")
    assert (await office.post("reviewer", f"/entries/{ITEM['code']}/withdraw", {"reason": "改名"}))[0] == 200
    await chromium.click("[data-step=suspend]")
    await chromium.type("dialog textarea", "晚了")
    await chromium.click("dialog form button")
    said = await chromium.text("dialog .failure")
    assert "ENTRY_STATE_WRONG" in said
    assert "yiwang entry show has its state and history." in said


async def test_what_was_typed_stays_until_it_is_said(office: Office, url: str, chromium: Browser) -> None:
    path = f"/entries/{ITEM['code']}"
    assert (await office.put("editor", ITEM))[0] == 200
    assert (await office.post("editor", f"{path}/submit"))[0] == 200
    await chromium.open(f"{url}/console#/entry/{ITEM['code']}")
    await sign_in(chromium, office, "reviewer")
    await chromium.click("[data-step=take]")
    await chromium.find("#said", "由您审核")
    await chromium.click("[data-field=name] .object")
    await chromium.type("[data-field=name] textarea", "错了")
    await chromium.type("#whole-reason", "再看")
    await chromium.run("document.querySelector('#missing-field').value = 'faqs'")
    for _ in range(2):  # and in between it is taken back
        await chromium.click(".card .row button", "指出缺少")
        await chromium.type("#objection-faqs", "没有")
        if _ == 0:
            await chromium.click("#rejection ~ div .objection button")
    assert await chromium.run("return document.querySelectorAll('#rejection ~ div .objection').length") == 1

    await chromium.click("#language")
    await chromium.find("#reject", "Reject (3 reasons)")
    await chromium.click("nav a", "Notices")
    await chromium.find("h1", "Notices")
    await chromium.run("history.back()")
    await chromium.click("#reject", "Reject (3 reasons)")
    await chromium.find("#said", "Sent back")
    last = (await office.get("editor", f"{path}/history"))["events"][-1]
    assert (last["reasons"], last["reason"]) == ({"name": "错了", "faqs": "没有"}, "再看")
    (told,) = (await office.get("editor", "/entries/notices"))["notices"]
    assert told["kind"] == "rejected"


async def test_a_review_is_given_back(office: Office, url: str, chromium: Browser) -> None:
    assert (await office.put("editor", ITEM))[0] == 200
    assert (await office.post("editor", f"/entries/{ITEM['code']}/submit"))[0] == 200
    await chromium.open(f"{url}/console#/entry/{ITEM['code']}")
    await sign_in(chromium, office, "reviewer")
    await chromium.click("[data-step=take]")
    await chromium.click("[data-step=release]")
    await chromium.find("#said", "其他人可以审核了")
    assert (await office.get("reviewer", f"/entries/{ITEM['code']}"))["open"]["state"] == "checked"


async def test_whatever_goes_wrong_is_said(office: Office, url: str, chromium: Browser) -> None:
    await chromium.open(f"{url}/console#/constructor")
    await chromium.type("#credential", "yw_凭据")
    await chromium.click("form button")
    assert "这不是凭据" in await chromium.text(".failure")
    await chromium.run("document.getElementById('credential').value = ''")
    await sign_in(chromium, office, "reviewer")
    await chromium.find("h1", "待我审核")
    for answer, said in (("new Response('<p>proxy</p>')", "可能是代理"), ("new Response('{\"a\": 1}')", "页面出错了")):
        await chromium.run(f"window.fetch = async () => {answer}; location.hash = '#/notices'")
        assert said in await chromium.text("main .failure")
        assert await chromium.run("return document.getElementById('main').ariaBusy") is None
        await chromium.run("location.hash = '#/conformity'")
        await chromium.find("h1", "守诺评分")


async def test_a_time_is_the_citys_wherever_the_browser_is(office: Office, url: str, chromium: Browser) -> None:
    path = f"/entries/{ITEM['code']}"
    assert (await office.put("editor", ITEM))[0] == 200
    for who, step in (("editor", "submit"), ("reviewer", "approve")):
        assert (await office.post(who, f"{path}/{step}"))[0] == 200
    await chromium.open(f"{url}/console#/entry/{ITEM['code']}")
    await sign_in(chromium, office, "reviewer")
    await chromium.click("[data-step=schedule]")
    for day, answer in (("2020-01-01", "dialog .failure"), ("2099-01-01", "#said")):
        await chromium.find("dialog input")
        await chromium.run("document.querySelector('dialog input').value = arguments[0]", f"{day}T08:00")
        await chromium.click("dialog form button")
        await chromium.find(answer)
    await chromium.find("#said", "已排期")
    assert (await office.get("reviewer", path))["open"]["publish_at"] == "2099-01-01T00:00:00Z"


async def test_the_credential_is_in_this_tab_alone_until_it_is_forgotten(
    office: Office, url: str, chromium: Browser
) -> None:
    kept = "return [sessionStorage.length, JSON.stringify(localStorage).includes('yw_'), document.cookie]"
    await chromium.open(f"{url}/console")
    await chromium.type("#credential", f"yw_{'0' * 12}_{'a' * 43}")
    await chromium.click("form button")
    assert "The credential is unknown or revoked" in await chromium.text(".failure")
    assert await chromium.run(kept) == [0, False, ""]
    await chromium.open(f"{url}/console?again")
    await sign_in(chromium, office, "reviewer")
    assert await chromium.run(kept) == [1, False, ""]
    await chromium.click("#forget")
    await chromium.find("#credential")
    assert await chromium.run(kept) == [0, False, ""]
