"""How the pages of halls are served: nothing from elsewhere, nothing inline, every word in both languages."""

import re
from pathlib import Path

import pytest

from flows.appointments.hall.calling import BETWEEN_CALLS, MOST_CALLS
from flows.appointments.states import PRESENT
from gateway.http import static_pages
from tests.gateway.halls.staff_of import Staff

pytestmark = pytest.mark.case("issue-6.hall-pages")
FOLDER = Path(static_pages.__file__).parent / "static" / "hall"
FILES = sorted(path for path in FOLDER.iterdir() if path.suffix != ".html")
TEXT = re.compile(r'(?:^\s*|, )"?([\w.]+)"?: "', re.MULTILINE)
SCRIPTS = {path.name: path.read_text() for path in FILES if path.suffix == ".js"}
FORBIDDEN = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|setHTML|document\.write|\beval\b|https?://(?!www\.w3\.org)"
)


@pytest.mark.parametrize(("path", "script"), [("/hall", "counter.js"), ("/hall/display", "display.js")])
async def test_a_page_may_run_its_own_scripts_alone(clerk: Staff, path: str, script: str) -> None:
    for asked, lang in (("zh-CN", "zh"), ("en-GB,en;q=0.9", "en")):
        page = await clerk.client.get(path, headers={"accept-language": asked})
        assert f'<html lang="{lang}">' in page.text
        assert (page.headers["content-language"], page.headers["content-type"]) == (lang, "text/html; charset=utf-8")
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "frame-ancestors 'none'" in policy
    assert re.findall(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=", page.text) == []
    assert script in page.text
    known = await clerk.client.get(path, headers={"if-none-match": page.headers["etag"], "accept-language": "en"})
    assert (known.status_code, known.content) == (304, b"")


async def test_its_files_are_served_and_no_others(clerk: Staff) -> None:
    for path in FILES:
        answer = await clerk.client.get(f"/hall/{path.name}")
        assert (answer.status_code, answer.content) == (200, path.read_bytes())
        assert "content-security-policy" in answer.headers
    for name in ("counter.html", "..%2fyiwang.js", "nothing.js"):
        answer = await clerk.client.get(f"/hall/{name}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "HTTP_ERROR")


def test_its_scripts_make_no_markup_of_data() -> None:
    assert {name: FORBIDDEN.findall(text) for name, text in SCRIPTS.items() if FORBIDDEN.findall(text)} == {}
    assert [name for name, text in SCRIPTS.items() if text.count("\n") > 300] == []


def test_its_texts_are_there_in_both_languages_and_all_of_them_are_said() -> None:
    texts = {lang: set(TEXT.findall(SCRIPTS[f"texts_{lang}.js"])) for lang in ("zh", "en")}
    ours = texts["zh"]
    assert ours == texts["en"]
    code = "".join(text for name, text in SCRIPTS.items() if not name.startswith("texts_"))
    literal = set(re.findall(r'\bt\("([\w.]+)"', code))
    families = {each.removesuffix("$") for each in re.findall(r"\bt\(.*?`([\w.]+\$)", code)}
    assert literal <= ours
    assert {key for key in ours if f"{key.split('.')[0]}." not in families and f'"{key}"' not in code} == set()


def test_what_it_knows_of_the_hall_is_so() -> None:
    assert f"BETWEEN_CALLS = {int(BETWEEN_CALLS.total_seconds() * 1000)};" in SCRIPTS["desk.js"]
    assert f"MOST_CALLS = {MOST_CALLS};" in SCRIPTS["desk.js"]
    said = set(re.findall(r'"state\.(\w+)"', SCRIPTS["texts_zh.js"]))
    assert said == set(PRESENT)
