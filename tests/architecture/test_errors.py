"""The error tree: codes are unique and shaped alike, every class says when it is raised."""

import re
from collections import Counter

from docs.generate import error_classes, pages


def test_every_code_belongs_to_one_class() -> None:
    counted = Counter(each.code for each in error_classes())
    shared = {code: times for code, times in counted.items() if times > 1}
    assert shared == {}


def test_every_error_is_documented() -> None:
    for error in error_classes():
        assert re.fullmatch(r"[A-Z]+(_[A-Z]+)*", error.code)
        assert 400 <= error.http_status <= 599, error
        assert vars(error).get("__doc__"), error


def test_the_generated_pages_are_current() -> None:
    for path, text in pages().items():
        assert path.read_text() == text, f"{path.name}: run `make docs`"
