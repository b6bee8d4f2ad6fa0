"""What README and CONTRIBUTING tell people to type exists, and CI runs the test command they name."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from cli.main import COMMANDS

pytestmark = pytest.mark.case("issue-2.1")
REPOSITORY = Path(__file__).parents[2]
PAGES = ("README.md", "CONTRIBUTING.md")


def _commands(page: str) -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", (REPOSITORY / page).read_text(), re.MULTILINE | re.DOTALL)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines() if line and line[0] != " "]
    return [re.sub(r"^(export )?\w+=\$\((.+?)\)?$", r"\2", line) for line in lines]


def _dry_run(target: str) -> str:
    make = shutil.which("make")
    assert make
    return subprocess.run([make, "-n", target], cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout  # noqa: S603 - what the page says


@pytest.mark.parametrize("page", PAGES)
def test_every_command_exists(page: str) -> None:
    commands = _commands(page)
    assert commands
    for command in commands:
        program, *arguments = command.split()
        if program == "make":
            _dry_run(next((each for each in arguments if "=" not in each), "help"))
        elif program.endswith("yiwang"):
            assert arguments[0] in COMMANDS
        else:
            assert shutil.which(program), command


def test_make_alone_lists_every_target() -> None:
    text = (REPOSITORY / "Makefile").read_text()
    targets = re.findall(r"^([a-z]+):", text, re.MULTILINE)
    described = re.findall(r"^([a-z]+):.*## \w", text, re.MULTILINE)
    assert set(targets) - set(described) == {"env"}
    assert ".DEFAULT_GOAL := help" in text


def test_ci_runs_the_readmes_test_command() -> None:
    assert "make test" in _commands("README.md")
    assert _dry_run("test").splitlines()[-1] in _dry_run("check")
    assert "make check" in (REPOSITORY / ".ci" / "run").read_text()


def test_the_first_query_is_the_one_that_make_run_prints() -> None:
    (shown,) = re.findall(r"^```graphql\n(.*?)^```", (REPOSITORY / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert shown == (REPOSITORY / "examples" / "first_query.graphql").read_text()


@pytest.mark.parametrize("page", [path.name for path in REPOSITORY.glob("*.md")])
def test_links_lead_somewhere(page: str) -> None:
    links = re.findall(r"\]\((?!https?:|mailto:|#)([^)#]+)", (REPOSITORY / page).read_text())
    assert [link for link in links if not (REPOSITORY / link).exists()] == []
