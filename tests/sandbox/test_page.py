"""The page: served from here alone, with a policy that forbids everything else, and labelled throughout."""

import re
from html.parser import HTMLParser

import pytest

from adapters.sandbox.hosts import build_sandbox
from adapters.sandbox.page import FOLDER, HEADERS
from kernel.clock import SystemClock
from tests.sandbox.conftest import City

HTML, CSS, *SCRIPTS = ((FOLDER / name).read_text() for name in ("index.html", "sandbox.css", "sandbox.js", "bridge.js"))
SCRIPT = "".join(SCRIPTS)
FILES = [("sandbox.css", "css"), ("sandbox.js", "javascript"), ("bridge.js", "javascript")]


class Page(HTMLParser):
    """Collects the elements of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.feed(HTML)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def values(self, attribute: str) -> list[str]:
        return [attributes[attribute] for _, attributes in self.elements if attribute in attributes]


PAGE = Page()


@pytest.mark.parametrize(
    ("target", "media_type"), [("/", "html"), *((f"/static/{name}", kind) for name, kind in FILES)]
)
async def test_each_file_comes_with_the_policy(city: City, target: str, media_type: str) -> None:
    reply = await city.http.send("GET", target)
    assert (reply.status, reply.headers["content-type"]) == (200, f"text/{media_type}; charset=utf-8")
    assert reply.headers["content-security-policy"] == HEADERS["content-security-policy"]
    assert reply.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", ["app.py", "..%2fapp.py", "index.html"])
async def test_nothing_else_of_the_folder_is_served(city: City, name: str) -> None:
    assert (await city.http.send("GET", f"/static/{name}")).status == 404


def test_the_policy_allows_nothing_inline_and_nothing_from_elsewhere() -> None:
    policy = dict(each.strip().split(" ", 1) for each in HEADERS["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert {policy[each] for each in ("script-src", "style-src", "connect-src")} == {"'self'"}
    assert {policy[each] for each in ("base-uri", "form-action", "frame-ancestors")} == {"'none'"}
    assert "unsafe" not in HEADERS["content-security-policy"]


def test_the_page_keeps_to_its_policy() -> None:
    addresses = [*PAGE.values("src"), *PAGE.values("href")]
    served = {"/schema/openapi.json", "#phone", "/favicon.ico", *(f"/static/{name}" for name, _ in FILES)}
    assert set(addresses) == served
    assert [name for _, attributes in PAGE.elements for name in attributes if name == "style" or name[:2] == "on"] == []
    assert [
        tag for tag, attributes in PAGE.elements if tag == "style" or (tag == "script" and "src" not in attributes)
    ] == []
    assert not re.search(r"url\(|@import", CSS)
    assert not re.search(r"\beval\(|innerHTML|insertAdjacentHTML|document\.write|https?://\w", SCRIPT)


def test_every_field_has_a_label_and_every_id_is_one() -> None:
    identifiers = PAGE.values("id")
    assert len(identifiers) == len(set(identifiers))
    fields = {attributes["id"] for tag, attributes in PAGE.elements if tag in {"input", "select", "textarea"}}
    assert fields == set(PAGE.values("for"))
    assert {*PAGE.values("aria-labelledby"), *PAGE.values("list")} <= set(identifiers)
    assert set(re.findall(r'byId\("([\w-]+)"\)', SCRIPT)) <= set(identifiers)


def test_every_text_is_there_in_both_languages() -> None:
    english, chinese = (
        set(re.findall(r'(\w+):\s+"', block))
        for block in re.findall(r"^const (?:ENGLISH|CHINESE) = \{(.*?)^\};", SCRIPT, re.MULTILINE | re.DOTALL)
    )
    in_page = set(PAGE.values("data-i18n"))
    assert in_page <= english
    assert english == chinese | in_page
    assert set(re.findall(r'word\("(\w+)"\)', SCRIPT)) <= english


async def test_every_page_here_has_an_icon(city: City) -> None:
    reply = await city.http.send("GET", "/favicon.ico")
    assert (reply.status, reply.headers["content-type"]) == (200, "image/svg+xml")


@pytest.mark.parametrize("path", ["/web", "/web/signed-in?code=c1"])
async def test_the_web_app_s_pages_are_in_both_languages(city: City, path: str) -> None:
    page = (await city.http.send("GET", path)).body.decode()
    assert re.search(r'<p>[^<]*[\u4e00-\u9fff][^<]*</p><p lang="en">[A-Z]', page)


def test_the_first_host_of_a_sandbox_signs_residents_in() -> None:
    first = build_sandbox(SystemClock(), 0).hosts[0]
    assert "login" not in first.lacks
