"""What a newcomer may rely on: files and functions are short, suppressions have reasons, importing does nothing."""

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

from docs.generate import PACKAGES

REPOSITORY = Path(__file__).parents[2]
FOLDERS = (*PACKAGES, "migrations", "examples", "bench", "docs", "requirements", "tests")
SOURCES = sorted(path.relative_to(REPOSITORY) for folder in FOLDERS for path in (REPOSITORY / folder).rglob("*.py"))
OURS = [path for path in SOURCES if "versions" not in path.parts and ".peers" not in path.parts]

IMPORT_EVERYTHING = """
import importlib, sys
def refuse(event, arguments):
    if event in {"socket.connect", "socket.bind", "socket.getaddrinfo", "subprocess.Popen"}:
        raise SystemExit(f"importing {name} does {event} {arguments}")
sys.addaudithook(refuse)
sys.path.insert(0, sys.argv[1])
name = "docs.generate"
from docs.generate import modules
for name in modules():
    importlib.import_module(name)
"""


def _text(path: Path) -> str:
    return (REPOSITORY / path).read_text()


def test_files_are_short() -> None:
    lines = {str(path): _text(path).count("\n") for path in OURS}
    assert {path: n for path, n in lines.items() if n > (500 if path.startswith("tests/") else 300)} == {}


def test_functions_are_short() -> None:
    assert [f"{path}: {name}" for path in OURS if path.parts[0] != "tests" for name in _long_functions(path)] == []


def _long_functions(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(_text(path))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (node.end_lineno or 0) - node.lineno >= 40:
            yield node.name


def test_suppressions_name_their_rule_and_their_reason() -> None:
    reasoned = re.compile(r"# (ruff: )?noqa: [A-Z]+\d+(, ?[A-Z]+\d+)* (-+|#) \w.+|# type: ignore\[[a-z, -]+\]  ?# \w.+")
    comments = ((path, comment) for path in OURS for comment in _comments(path))
    suppressions = [f"{path}: {comment}" for path, comment in comments if re.search(r"\bnoqa\b|type: ignore", comment)]
    assert [each for each in suppressions if not reasoned.search(each)] == []


def _comments(path: Path) -> Iterator[str]:
    tokens = tokenize.generate_tokens(io.StringIO(_text(path)).readline)
    return (token.string for token in tokens if token.type == tokenize.COMMENT)


def test_files_are_named_for_what_they_hold() -> None:
    assert [path for path in OURS if re.search(r"utils?|commons?|helpers?|misc|manager", path.stem)] == []


def test_importing_needs_no_settings_and_no_network() -> None:
    command = [sys.executable, "-I", "-W", "error", "-c", IMPORT_EVERYTHING, str(REPOSITORY)]
    finished = subprocess.run(command, env={}, capture_output=True, text=True, check=False, cwd="/")  # noqa: S603 - ourselves
    assert (finished.returncode, finished.stderr) == (0, "")
