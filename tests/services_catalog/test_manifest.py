"""Reading a manifest: everything wrong with it is said at once, with its place and the way out."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from services_catalog.errors import ManifestError
from services_catalog.manifest import LongText, Manifest, Text, Upstream, read
from services_catalog.manifest_file import line_of, read_text
from supergraph.openapi.settings import OperationSettings, access_of
from supergraph.slice import Access, ListSize, PrivacyRule

GOOD: dict[str, Any] = {
    "department": "parking-bureau",
    "name": "parking",
    "title": {"zh": "停车", "en": "Parking"},
    "document": "openapi.yaml",
    "upstream": {"url": "https://parking.example/api"},
}
YAML = b"""\
department: parking-bureau
name: parking
title:
  zh: \xe5\x81\x9c\xe8\xbd\xa6
  en: Parking
document: openapi.yaml
upstream:
  url: https://parking.example/api
  headers:
    x-key: Key ${PARKING_KEY}
operations:
  GET /lots/{id}:
    name: lot
"""


def defects(raw: Any) -> dict[str, tuple[str, str]]:
    with pytest.raises(ManifestError) as raised:
        read(raw)
    return {finding.pointer: (finding.message, finding.fix) for finding in raised.value.findings}


def test_a_manifest_needs_little() -> None:
    manifest = read(GOOD)
    assert (manifest.name, manifest.upstream.timeout_seconds, manifest.operations) == ("parking", 10.0, {})


def test_control_characters_are_refused_wherever_text_is_shown_or_stored() -> None:
    wrong = {
        "title": {"zh": "a\0", "en": "two\nlines"},
        "description": {"zh": "two\nlines", "en": "a\x07"},
        "document": "a\x1b.yaml",
        "operations": {"a\0": {"description": "\x9b"}},
    }
    found = defects(GOOD | wrong)
    assert {at: message[-6:] for at, (message, _) in found.items()} == {
        "/title/zh": "U+0000",
        "/title/en": "U+000A",
        "/description/en": "U+0007",
        "/document": "U+001B",
        "/operations": "U+0000",
        "/operations/a\0/description": "U+009B",
    }


def test_a_document_is_named_in_one_way() -> None:
    assert [read(GOOD | {"document": name}).document for name in ("./a.yaml", "b/../a.yaml", "b//a.yaml")] == [
        "a.yaml",
        "a.yaml",
        "b/a.yaml",
    ]


def test_the_line_of_a_value_is_found_whatever_the_file_holds() -> None:
    assert line_of(b"a:\n  c: 1\nb:\n  c: 2\n", "/b/c") == 4
    assert line_of(b"a:\n  d: 1\nb:\n  c: 2\n", "/a/c") == 1
    assert line_of(b"a: 1\nb: 2\nc: [\n", "") == 4
    assert line_of(b"name: x\ntitle: " + b"[" * 200_000, "/zh") == 1


def test_what_is_stored_reads_back() -> None:
    manifest = read(
        GOOD
        | {
            "upstream": {"url": "http://a", "timeout_seconds": 3, "headers": {"x": "y"}},
            "operations": {"lots": {"hide": True}},
            "description": {"zh": "", "en": "x"},
        }
    )
    assert read(msgspec.to_builtins(manifest)) == manifest


@pytest.mark.parametrize(
    ("change", "pointer", "message", "fix"),
    [
        ({"nmae": 1}, "/nmae", "the key 'nmae' is unknown", "Did you mean name?"),
        ({"name": "Parking"}, "/name", "the text does not fit", "a lower case letter"),
        ({"name": "parking\n"}, "/name", "the text does not fit", "a lower case letter"),
        ({"name": None}, "", "the key 'name' is missing", "a lower case letter"),
        ({"title": "Parking"}, "/title", "a mapping of keys to values is expected", "docs/publishing.md"),
        ({"title": {"zh": "停车"}}, "/title", "the key 'en' is missing", "One line"),
        (
            {"upstream": {"url": "https://a", "timeout_seconds": "5s"}},
            "/upstream/timeout_seconds",
            "text stands",
            "up to",
        ),
        (
            {"upstream": {"url": "https://a", "timeout_seconds": 61}},
            "/upstream/timeout_seconds",
            "up to 60",
            "up to 60",
        ),
        ({"upstream": {"url": "https://a", "headers": {"a b": ""}}}, "/upstream/headers/a b", "no header name", "Use"),
        ({"upstream": {"url": "https://a", "headers": {"Host": ""}}}, "/upstream/headers/Host", "gateway's own", "out"),
        ({"upstream": {"url": "https://a", "headers": {"a": "b\r\nc"}}}, "/upstream/headers/a", "characters", "line"),
        ({"upstream": {"url": "https://a", "headers": {str(n): "" for n in range(21)}}}, "/upstream/headers", "20", ""),
        ({"operations": {"GET /a": {"nam": "b"}}}, "/operations/GET ~1a/nam", "unknown", "Did you mean name?"),
        ({"operations": {"a": {"kind": "qery"}}}, "/operations/a/kind", "qery", "query for operations"),
        ({"operations": []}, "/operations", "a mapping of keys", "operationId"),
    ],
)
def test_a_defect_names_its_place_and_the_way_out(change: dict[str, Any], pointer: str, message: str, fix: str) -> None:
    found = defects(GOOD | change)
    assert list(found) == [pointer]
    assert message in found[pointer][0]
    assert fix in found[pointer][1]


@pytest.mark.parametrize("raw", [None, [], "x", 5])
def test_a_manifest_is_a_mapping(raw: Any) -> None:
    assert defects(raw)[""][0] == "a mapping of keys to values is expected"


def test_all_defects_are_named_at_once() -> None:
    assert set(defects({"upstream": {"ur": 1}, "documents": "x"})) == {"", "/upstream", "/upstream/ur", "/documents"}


def test_who_may_use_a_service_is_l2_unless_it_says() -> None:
    assert access_of(read(GOOD).access) == Access("L2")
    assert access_of(read(GOOD | {"access": "public"}).access) == Access("public")
    assert read(GOOD | {"access": {"level": "L3", "consent": "health"}}).access == Access("L3", consent="health")
    assert "/access" in defects(GOOD | {"access": "L9"})
    assert "/operations/GET ~1lots/access" in defects(GOOD | {"operations": {"GET /lots": {"access": {"levl": "L3"}}}})


def test_header_values_never_show() -> None:
    manifest = read(GOOD | {"upstream": {"url": "https://a", "headers": {"x-key": "hush"}}})
    assert "hush" not in repr(manifest)
    found = defects(GOOD | {"upstream": {"url": "https://a", "headers": {"x-key": "hush\n", "y": 5}}})
    assert "hush" not in str(found)


def test_the_file_takes_secrets_from_the_environment() -> None:
    manifest = read_text(YAML, {"PARKING_KEY": "hush"})
    assert manifest.upstream.headers == {"x-key": "Key hush"}
    assert manifest.operations == {"GET /lots/{id}": OperationSettings(name="lot")}


def test_a_missing_secret_is_named() -> None:
    with pytest.raises(ManifestError, match="PARKING_KEY is not set"):
        read_text(YAML, {})


@pytest.mark.parametrize("data", [b"", b"a: [", b"a: 1\na: 2", b"\xff", b"- 1", b"upstream: {headers: [1]}"])
def test_a_broken_file_is_a_finding(data: bytes) -> None:
    with pytest.raises(ManifestError):
        read_text(data, {})


@pytest.mark.parametrize(
    ("at", "line"),
    [
        ("", 1),
        ("/title/en", 5),
        ("/operations/GET ~1lots~1{id}/name", 13),
        ("/operations/GET ~1lots~1{id}/nam", 12),
        ("/nowhere", 1),
    ],
)
def test_a_pointer_has_a_line(at: str, line: int) -> None:
    assert line_of(YAML, at) == line


DOCUMENTATION = (Path(__file__).parents[2] / "docs" / "publishing.md").read_text()


def test_the_documented_manifest_reads() -> None:
    example = DOCUMENTATION.partition("```yaml\n")[2].partition("```")[0]
    manifest = read_text(example.encode(), {"PARKING_API_KEY": "k"})
    assert (manifest.name, len(manifest.operations)) == ("parking", 3)


def test_the_documented_classes_read() -> None:
    example = DOCUMENTATION.partition("### Cost, freshness, privacy\n\n```yaml\n")[2].partition("```")[0]
    manifest = read_text(yaml_of(GOOD) + example.encode(), {})
    assert manifest.operations["listCases"].list_size == ListSize(("limit",), 20)
    assert manifest.fields["*.bankAccount"] == PrivacyRule("sensitive", "L4")


@pytest.mark.parametrize(
    ("given", "at"),
    [
        ({"fields": {"idNumber": "sensitive"}}, "/fields/idNumber"),
        ({"fields": {"*.idNumber": "secret"}}, "/fields/*.idNumber"),
        ({"fields": {"*.idNumber": {"level": "L3"}}}, "/fields/*.idNumber"),
        ({"fields": {"*.idNumber": {"class": "sensitive", "level": "public"}}}, "/fields/*.idNumber"),
        ({"operations": {"a": {"cost": 0}}}, "/operations/a/cost"),
        ({"operations": {"a": {"list_size": {"arguments": [], "assumed": 1}}}}, "/operations/a/list_size/arguments"),
        ({"operations": {"a": {"list_size": {"arguments": ["n"]}}}}, "/operations/a/list_size"),
        ({"operations": {"a": {"fresh_seconds": -1}}}, "/operations/a/fresh_seconds"),
        ({"operations": {"a": {"privacy": "sensitive"}}}, "/operations/a/privacy"),
        ({"operations": {"a": {"privacy": {"class": "personal", "level": "L3"}}}}, "/operations/a/privacy"),
    ],
)
def test_classes_that_mean_nothing_are_refused(given: Any, at: str) -> None:
    assert list(defects(GOOD | given)) == [at]


def test_sensitive_operations_may_be_hidden_or_for_those_known_well() -> None:
    for given in ({"hide": True}, {"access": "L3"}, {"access": {"level": "L4"}}):
        assert read(GOOD | {"operations": {"a": {"privacy": "sensitive"} | given}})
    assert read(GOOD | {"access": "L3", "operations": {"a": {"privacy": "sensitive"}}})


def yaml_of(manifest: Any) -> bytes:
    return b"".join(b"%s: %s\n" % (key.encode(), msgspec.json.encode(value)) for key, value in manifest.items())


def test_every_key_is_documented() -> None:
    for struct in (Manifest, Text, LongText, Upstream, OperationSettings, ListSize, PrivacyRule):
        for field in msgspec.structs.fields(struct):
            assert f"`{field.encode_name}`" in DOCUMENTATION, f"{struct.__name__}.{field.encode_name}"
