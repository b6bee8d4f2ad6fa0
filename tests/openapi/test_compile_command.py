"""`yiwang compile` as it is called."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.compile import compile_command
from cli.documents import DocumentFiles, service_name

GOOD = """
openapi: 3.1.0
info: {title: Parking, version: "1"}
paths:
  /lots:
    get:
      operationId: lots
      responses:
        200: {description: ok, content: {application/json: {schema: {type: array, items: {type: string}}}}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "bad.yaml").write_text("hello", encoding="utf-8")
    return tmp_path


def run(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(compile_command, [str(each) for each in arguments])
    return result.exit_code, result.output


def test_a_line_for_each_document_and_a_summary(folder: Path) -> None:
    code, output = run(folder / "good.yaml", folder / "bad.yaml")
    assert code == 1
    assert "1 of 1 operations, 1 fully typed" in output
    assert "the file holds no mapping. Give an OpenAPI 3 or Swagger 2.0 document." in output
    assert "1 of 2 documents compiled" in output


def test_json_gives_one_object_a_line(folder: Path) -> None:
    code, output = run("--json", folder / "good.yaml", folder / "bad.yaml", folder / "none.yaml")
    good, bad, none = (json.loads(line) for line in output.splitlines())
    assert code == 1
    assert good.pop("ms") > 0
    assert good == {
        "document": str(folder / "good.yaml"),
        "compiled": True,
        "offered": 1,
        "operations": 1,
        "typed": 1,
        "findings": [],
    }
    assert bad["findings"][0].keys() == {"level", "pointer", "message", "fix"}
    assert "no such file" in none["findings"][0]["message"]


def test_sdl_prints_the_types(folder: Path) -> None:
    code, output = run("--sdl", "--service", "parking", folder / "good.yaml")
    assert code == 0
    assert "lots: [String!]" in output
    assert "type ParkingQuery" in output


def test_a_service_name_that_is_none_is_refused(folder: Path) -> None:
    code, output = run("--service", "a-b", folder / "good.yaml")
    assert code == 2
    assert "GraphQL name" in output


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("parking-lots.yaml", "parkingLots"),
        ("parking/openapi.json", "parking"),
        ("2.yaml", "service2"),
        ("Lots.yml", "lots"),
    ],
)
def test_services_are_named_after_files(path: str, name: str) -> None:
    assert service_name(Path("apis") / path) == name


def test_references_leave_the_folder_only_for_api_documents(folder: Path) -> None:
    inner = folder / "inner"
    inner.mkdir()
    (inner / "entry.yaml").write_text(GOOD, encoding="utf-8")
    (folder / "secret.yaml").write_text("password: x", encoding="utf-8")
    read = DocumentFiles(inner / "entry.yaml")
    assert read("../good.yaml").startswith(b"\nopenapi")
    with pytest.raises(PermissionError, match="only other API documents"):
        read("../secret.yaml")
    (inner / "link.yaml").symlink_to(folder / "secret.yaml")
    with pytest.raises(PermissionError, match="only other API documents"):
        read("link.yaml")
    with pytest.raises(FileNotFoundError):
        read("/dev/stdin")
    strict = DocumentFiles(inner / "entry.yaml", below=True)
    assert strict("entry.yaml")
    for path in ("../good.yaml", "link.yaml"):
        with pytest.raises(PermissionError, match="outside the folder"):
            strict(path)
