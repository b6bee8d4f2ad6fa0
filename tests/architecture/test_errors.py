"""The error tree: codes are unique and shaped alike, every class says when it is raised."""

import re
from collections import Counter
from pathlib import Path

import pytest

from docs.generate import error_classes, pages
from kernel.errors import YiwangError


def test_every_code_belongs_to_one_class() -> None:
    counted = Counter(each.code for each in error_classes())
    shared = {code: times for code, times in counted.items() if times > 1}
    assert shared == {}


@pytest.mark.parametrize("error", error_classes(), ids=lambda each: each.code)
def test_an_error_is_documented(error: type[YiwangError]) -> None:
    assert re.fullmatch(r"[A-Z]+(_[A-Z]+)*", error.code)
    assert 400 <= error.http_status <= 599
    assert "__doc__" in vars(error)
    assert error.__doc__


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.name)
def test_a_generated_page_is_current(path: Path) -> None:
    assert path.read_text() == pages()[path], "run `make docs`"
