from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.channel import Launch, Message, MiniCode
from adapters.errors import HostConfigurationError, HostUnavailableError, MessageRefusedError
from adapters.sandbox.alipay.subcodes import MESSAGE_REFUSALS
from adapters.sandbox.host import InboxMessage
from tests.adapters.alipay.conftest import APP, OLD_APP, PARKED, Alipay

VALUES = {"keyword1": "苏A·12345", "keyword2": '南门 } "停车场"'}


async def message(alipay: Alipay, app_id: str = APP, **changed: Any) -> Message:
    to = (await alipay.identity("li", app_id)).subject
    fields: dict[str, Any] = {"to": to, "template": PARKED, "values": VALUES, "page": "pages/bill/index?id=1"}
    return Message(**(fields | changed))


@pytest.mark.parametrize("app_id", [APP, OLD_APP])
async def test_a_message_that_was_allowed_arrives(alipay: Alipay, app_id: str) -> None:
    alipay.host.allow_message(app_id, "li", PARKED)
    await alipay.channel(app_id).send_message(await message(alipay, app_id))
    lines = (("车牌", "苏A·12345"), ("地点", '南门 } "停车场"'))
    assert list(alipay.host.inbox("li")) == [InboxMessage("停车提醒", lines, "pages/bill/index?id=1")]
    assert not alipay.host.inbox("wang")


@pytest.mark.case("FM-28")
async def test_one_tap_allows_one_message(alipay: Alipay) -> None:
    alipay.host.allow_message(APP, "li", PARKED)
    sent = await message(alipay)
    await alipay.channel().send_message(sent)
    with pytest.raises(MessageRefusedError) as raised:
        await alipay.channel().send_message(sent)
    assert (raised.value.reason, raised.value.retryable) == ("no_credit", False)
    assert len(alipay.host.inbox("li")) == 1


@pytest.mark.case("FM-29")
@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"values": {"keyword1": "苏A·12345"}}, "value"),
        ({"values": VALUES | {"keyword1": ""}}, "value"),
        ({"values": VALUES | {"keyword1": "字" * 101}}, "value"),
        ({"template": "NONE"}, "template"),
        ({"page": "pages/new/index"}, "page"),
        ({"to": "nobody", "credit": "form-1"}, "receiver"),
    ],
)
async def test_a_refusal_says_what_to_mend(alipay: Alipay, changed: dict[str, Any], reason: str) -> None:
    alipay.host.allow_message(APP, "li", PARKED)
    with pytest.raises(MessageRefusedError) as raised:
        await alipay.channel().send_message(await message(alipay, **changed))
    assert raised.value.reason == reason
    assert set(MESSAGE_REFUSALS.values()) >= {reason}


async def test_a_sub_code_that_nobody_has_explained_is_for_the_operator(alipay: Alipay) -> None:
    with pytest.raises(HostConfigurationError, match="NO_SUBSCRIPTION"):
        await alipay.channel(message_refusals={}).send_message(await message(alipay))


@pytest.mark.case("FM-31")
async def test_a_code_opens_the_page_with_its_scene(alipay: Alipay) -> None:
    image = await alipay.channel().mini_code(MiniCode("pages/park/index", "abcDEF123_-"))
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    (name,) = alipay.host._codes._made
    launch = {"app_id": APP, "page": "pages/park/index", "query": "scene=abcDEF123_-"}
    assert alipay.host.scanned(f"https://qr.alipay.com/{name}") == launch
    assert alipay.host.scanned("https://qr.alipay.com/other") is None


@pytest.mark.case("FM-31")
@pytest.mark.parametrize("scene", ["", "a" * 33, "a=1&b=2", "%41", "停车", "a b"])
async def test_a_scene_is_short_and_plain(alipay: Alipay, scene: str) -> None:
    with pytest.raises(ValueError, match="a scene has"):
        await alipay.channel().mini_code(MiniCode("pages/park/index", scene))


@pytest.mark.case("FM-31")
async def test_a_page_that_is_not_released_has_no_code(alipay: Alipay) -> None:
    with pytest.raises(HostConfigurationError, match="PAGE_NOT_RELEASED"):
        await alipay.channel().mini_code(MiniCode("pages/new/index", "a"))


@pytest.mark.case("FM-33")
async def test_an_error_page_is_not_kept_as_an_image(alipay: Alipay) -> None:
    alipay.world.plan_fault("alipay.qr", "unavailable")
    with pytest.raises(HostUnavailableError, match="no PNG"):
        await alipay.channel().mini_code(MiniCode("pages/park/index", "a"))
    client = alipay.client()
    with pytest.raises(HostUnavailableError, match="HTTP 404"):
        await client.fetch(f"{alipay.origin}/qr/none.png")
    for url in ("", "file:///etc/passwd", "http://169.254.169.254/", "//city.example/a.png"):
        with pytest.raises(HostUnavailableError, match="no safe address"):
            await client.fetch(url)


QUERY = {"token": "a b&c=ü%41", "lot": "南门"}


async def test_a_mini_programs_path_carries_the_query_encoded_once(alipay: Alipay) -> None:
    done = await alipay.channel().launch(Launch("mini_program", "pages/park/index?x=1"), QUERY)
    assert done.app_id == APP
    path, _, query = done.target.partition("?")
    assert (path, parse_qs(query)) == (
        "pages/park/index",
        {"x": ["1"]} | {name: [value] for name, value in QUERY.items()},
    )
    other = await alipay.channel().launch(Launch("mini_program", "pages/bill/index", OLD_APP), {})
    assert other == Launch("mini_program", "pages/bill/index", OLD_APP)


async def test_a_web_view_opens_https_only(alipay: Alipay) -> None:
    done = await alipay.channel().launch(Launch("web_view", "https://city.example/bill#top"), QUERY)
    parts = urlsplit(done.target)
    assert (parts.path, parts.fragment, parse_qs(parts.query)["token"]) == ("/bill", "top", ["a b&c=ü%41"])
    for target in ("http://city.example/", "javascript:alert(1)", "pages/park/index"):
        with pytest.raises(ValueError, match="https addresses only"):
            await alipay.channel().launch(Launch("web_view", target), {})


@pytest.mark.parametrize("https_bridge", [False, True])
async def test_a_deep_link_opens_the_page_and_the_bridge_is_a_choice(alipay: Alipay, https_bridge: bool) -> None:  # noqa: FBT001 - a parameter
    channel = alipay.channel(https_bridge=https_bridge)
    done = await channel.launch(Launch("deep_link", "pages/park/index?x=1"), QUERY)
    assert done.target.startswith("https://ds.alipay.com/" if https_bridge else "alipays://platformapi/startapp?")
    opened = alipay.host.scanned(done.target)
    assert opened is not None
    assert (opened["app_id"], opened["page"]) == (APP, "pages/park/index?x=1")
    assert parse_qs(opened["query"]) == {name: [value] for name, value in QUERY.items()}


@pytest.mark.parametrize("target", ["/pages/park/index", "https://city.example/"])
async def test_a_page_is_named_by_its_path(alipay: Alipay, target: str) -> None:
    for launch in (Launch("deep_link", target), Launch("mini_program", target)):
        with pytest.raises(ValueError, match="path without a leading slash"):
            await alipay.channel().launch(launch, {})


@pytest.mark.case("FM-32")
async def test_an_ordinary_address_arrives_whole_as_qr_code_if_its_rule_is_published(alipay: Alipay) -> None:
    text = "https://city.example/p/x?a=1&b=%E5%8D%97"
    opened = alipay.host.scanned(text)
    assert opened is not None
    assert parse_qs(opened["query"]) == {"qrCode": [text]}
    for other in ("http://city.example/p/x", "https://city.example/q/x", "alipays://platformapi/startapp?appId=1"):
        assert alipay.host.scanned(other) is None
