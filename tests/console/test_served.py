"""How the console is served: nothing from elsewhere, nothing inline, in the language that is asked for."""

import re
from pathlib import Path
from typing import get_args

import pytest

from gateway.http import console
from services_catalog.entries.drift import Kind
from services_catalog.entries.fields import FIELDS
from services_catalog.entries.words import EntryLevel
from services_catalog.lifecycle.notices import NoticeKind
from services_catalog.lifecycle.states import NEEDS, Event, State
from tests.catalogue.office import Office

pytestmark = pytest.mark.case("issue-4.3")
FOLDER = Path(console.__file__).parent / "static" / "console"
FILES = sorted(FOLDER.iterdir())

MARKUP_OR_ELSEWHERE = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|setHTML|document\.write|\beval\b|https?://(?!www\.w3\.org/2000/svg)"
)


async def test_the_page_may_run_its_own_scripts_alone(office: Office) -> None:
    page = await office.asked.client.get("/console")
    policy = dict(each.strip().split(" ", 1) for each in page.headers["content-security-policy"].split(";"))
    assert (policy["default-src"], policy["script-src"], policy["style-src"]) == ("'none'", "'self'", "'self'")
    assert (policy["connect-src"], policy["frame-ancestors"], policy["base-uri"]) == ("'self'", "'none'", "'none'")
    assert policy["require-trusted-types-for"] == "'script'"
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert (page.headers["x-content-type-options"], page.headers["referrer-policy"]) == ("nosniff", "no-referrer")
    assert re.findall(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=", page.text) == []
    assert {each.split("/")[1] for each in re.findall(r'(?:src|href)="([^"#]+)"', page.text)} == {"console"}


@pytest.mark.parametrize(("asked", "lang"), [("", "zh"), ("en-GB,en;q=0.9", "en"), ("fr", "zh"), ("en;q=0.5,zh", "zh")])
async def test_it_begins_in_the_browsers_language(office: Office, asked: str, lang: str) -> None:
    page = await office.asked.client.get("/console", headers={"accept-language": asked})
    assert f'<html lang="{lang}">' in page.text
    assert (page.headers["content-language"], page.headers["vary"]) == (lang, "accept-language")


async def test_its_files_are_served_and_no_others(office: Office) -> None:
    kinds = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
    for path in FILES:
        answer = await office.asked.client.get(f"/console/{path.name}")
        if path.suffix in kinds:
            assert answer.headers["content-type"].startswith(kinds[path.suffix])
            assert "content-security-policy" in answer.headers
            assert answer.content == path.read_bytes()
        else:
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "CONSOLE_FILE_NOT_FOUND")
    assert (await office.asked.client.get("/console/..%2fyiwang.js")).status_code == 404


def test_its_files_are_short_and_make_no_markup_of_data() -> None:
    for path in FILES:
        text = path.read_text()
        assert text.count("\n") <= 300, path.name
        assert MARKUP_OR_ELSEWHERE.findall(text) == [], path.name


def test_its_scripts_run_in_the_browsers_that_offices_have() -> None:
    """What came to browsers after 2021: a view that calls it shows nothing there."""
    newer = re.compile(
        r"\.(?:toReversed|toSorted|toSpliced|with|findLast|findLastIndex|hasOwn|groupBy)\(|structuredClone"
    )
    for path in FOLDER.glob("*.js"):
        assert newer.findall(path.read_text()) == [], path.name


async def test_what_a_browser_has_is_not_sent_again(office: Office) -> None:
    for path in ("/console", "/console/main.js"):
        given = await office.asked.client.get(path)
        again = await office.asked.client.get(path, headers={"if-none-match": given.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["content-security-policy"] == given.headers["content-security-policy"]
    english = await office.asked.client.get("/console", headers={"accept-language": "en"})
    assert english.headers["etag"] != (await office.asked.client.get("/console")).headers["etag"]


def test_its_texts_are_there_in_both_languages_and_all_of_them_are_said() -> None:
    texts = {lang: _keys((FOLDER / f"texts_{lang}.js").read_text()) for lang in ("zh", "en")}
    assert texts["zh"] == texts["en"]
    scripts = "".join(path.read_text() for path in FOLDER.glob("*.js") if not path.name.startswith("texts_"))
    literal = set(re.findall(r'\bt\("([\w.]+)"', scripts))
    families = {each.split("$")[0] for each in re.findall(r"\bt\(`([\w.]+\$)", scripts)}
    assert literal <= texts["zh"]
    unsaid = {key for key in texts["zh"] if f"{key.split('.')[0]}." not in families and f'"{key}"' not in scripts}
    assert unsaid == set()


def test_it_knows_every_field_state_and_step() -> None:
    fields = _keys((FOLDER / "field_names.js").read_text())
    assert fields == {*FIELDS}
    texts = _keys((FOLDER / "texts_zh.js").read_text())
    assert {f"level.{each}" for each in get_args(EntryLevel)} <= texts
    assert {f"state.{each}" for each in get_args(State)} <= texts
    assert {f"event.{each}" for each in (*get_args(Event), "draft")} <= texts
    assert {f"step.{each}" for each in NEEDS if each != "revise"} <= texts
    assert {f"notice.{each}" for each in get_args(NoticeKind)} <= texts
    assert {f"kind.{each}" for each in get_args(Kind)} <= texts


def _keys(script: str) -> set[str]:
    """Return the keys of an object that is written down in a script."""
    return set(re.findall(r'(?:^\s*|[,{] )"?([\w.]+)"?: (?=["\[])', script, re.MULTILINE))
