"""Every kind of binding at every host app: what opens it, and what is left where nothing does."""

from typing import Any, get_args

import msgspec
import pytest

from services_catalog.entries.fields import Fields
from services_catalog.entries.words import Host
from services_catalog.launching.choosing import Asked, choose
from services_catalog.launching.versions import older
from services_catalog.launching.ways import Launch

pytestmark = pytest.mark.case("issue-4.2")

HOSTS: tuple[Host, ...] = get_args(Host)
PAGE = "https://civil.example.gov.cn/book"
PLACE = {
    "id": "main",
    "name": {"zh": "大厅"},
    "address": {"zh": "一街1号"},
    "hours": [{"days": ["MO"], "opens": "09:00", "closes": "17:00"}],
    "phone": "010-1",
}
CHANNELS = [
    {"id": "post", "kind": "post"},
    {"id": "hotline", "kind": "hotline", "phone": "12345"},
    {"id": "hall", "kind": "window", "location": "main"},
    {"id": "kiosk", "kind": "kiosk", "location": "main"},
    {"id": "app", "kind": "app", "url": "https://app.example.gov.cn"},
]
LEFT = ["app", "window", "kiosk", "hotline", "post"]


def mini_program(host: str) -> dict[str, str]:
    return {"host": host, "app_id": f"{host}-app", "page": "pages/book"}


BINDINGS: dict[str, dict[str, Any]] = {
    "flow": {"flow": "book"},
    "operations": {"operations": [{"operation": "query marriage.offices"}]},
    "page": {"page": PAGE},
    "plain page": {"page": PAGE.replace("https", "http")},
    **{f"mini-program at {host}": {"mini_programs": [mini_program(host)]} for host in ("wechat", "alipay", "baidu")},
    "window only": {"window_only": True},
}
OPENS: dict[tuple[str, str], str] = {
    **{("flow", host): "flow" for host in HOSTS},
    **{("operations", host): "operations" for host in HOSTS},
    **{("page", host): "page" for host in HOSTS},
    ("plain page", "web"): "page",  # host apps show encrypted pages only
    **{(f"mini-program at {host}", host): "mini_program" for host in ("wechat", "alipay", "baidu")},
}
ELSEWHERE = {"page": ["page"], "plain page": ["page"]} | {
    name: ["mini_program"] for name in BINDINGS if name.startswith("mini-program")
}


def launched(binding: Any, host: Host, version: str = "", **more: Any) -> Launch:
    said = {"binding": binding, "channels": CHANNELS, "locations": [PLACE]} | more
    return choose("code", msgspec.convert(said, Fields), Asked(host, version))


def kinds(launch: Launch) -> list[str]:
    return [each.kind for each in launch.alternatives]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("name", BINDINGS)
def test_each_binding_at_each_host_opens_or_says_what_is_left(name: str, host: Host) -> None:
    made = launched(BINDINGS[name], host)
    opened = OPENS.get((name, host))
    assert (made.way.kind if made.way else None) == opened
    assert made.opens is (opened is not None)
    elsewhere = [] if opened else ELSEWHERE.get(name, [])
    assert kinds(made) == [*elsewhere, *LEFT]
    obstacle = "window_only" if name == "window only" else "other_host"
    assert made.obstacles == (() if opened else (obstacle,))


def test_a_window_is_shown_with_address_hours_and_phone() -> None:
    window = next(each for each in launched({"window_only": True}, "wechat").alternatives if each.kind == "window")
    assert window.location
    assert (window.location.address.zh, window.location.phone) == ("一街1号", "010-1")
    assert window.hours == window.location.hours != ()


def test_without_a_hotline_the_contact_is_called() -> None:
    made = launched({"window_only": True}, "web", channels=[], contact={"phone": "010-2"})
    assert [(each.kind, each.phone) for each in made.alternatives] == [("hotline", "010-2")]


def test_what_stays_in_the_front_end_comes_first_and_the_rest_follows() -> None:
    everything = {
        "flow": "book",
        "operations": [{"operation": "query marriage.offices"}],
        "mini_programs": [mini_program("alipay"), mini_program("wechat")],
        "page": PAGE,
        "client": "marriage",
    }
    made = launched(everything, "wechat")
    assert made.way
    assert made.way.kind == "flow"
    ways = [(each.kind, each.host) for each in made.alternatives][:4]
    assert ways == [("operations", "wechat"), ("mini_program", "wechat"), ("page", None), ("mini_program", "alipay")]
    assert [each.client for each in made.alternatives if each.kind == "page"] == ["marriage"]


def test_a_channel_that_says_what_the_binding_says_is_the_same_way() -> None:
    channel = {"id": "mini", "kind": "mini_program", "host": "wechat", "app_id": "wechat-app"}
    same, other = channel | {"page_path": "pages/book"}, channel | {"page_path": "pages/other"}
    web = {"id": "web", "kind": "web", "url": PAGE}
    binding = {"mini_programs": [mini_program("wechat")], "page": PAGE}
    assert kinds(launched(binding, "wechat", channels=[same, web])) == ["page"]
    assert kinds(launched(binding, "wechat", channels=[other, web])) == ["mini_program", "page"]


def test_a_channel_alone_is_enough() -> None:
    web = {"id": "web", "kind": "web", "url": PAGE, "single_sign_on": True}
    made = choose("code", msgspec.convert({"channels": [web]}, Fields), Asked("web"))
    assert made.way
    assert (made.way.kind, made.way.url, made.way.single_sign_on) == ("web", PAGE, True)


@pytest.mark.parametrize(
    ("version", "opens"), [("8.0.49", False), ("8.0.50", True), ("8.1", True), ("10", True), ("", True), ("new", True)]
)
def test_an_old_host_app_is_told_and_led_elsewhere(version: str, opens: bool) -> None:  # noqa: FBT001 - a parameter
    binding = {"mini_programs": [mini_program("wechat")], "page": PAGE}
    made = launched(binding, "wechat", version, host_requirements={"wechat": "8.0.50"})
    assert (made.opens, made.least_version) == (opens, "8.0.50")
    if not opens:
        assert made.obstacles == ("host_too_old",)
        assert kinds(made) == ["page", *LEFT]


@pytest.mark.parametrize(
    ("version", "least", "is_older"),
    [("8.0", "8", False), ("8", "8.0.0", False), ("8.0.9", "8.0.10", True), ("9", "8.9.9", False), ("1.x", "2", False)],
)
def test_versions_are_numbers(version: str, least: str, is_older: bool) -> None:  # noqa: FBT001 - a parameter
    assert older(version, least) is is_older
