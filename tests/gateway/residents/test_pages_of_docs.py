"""The operations that pages of docs show are valid in the platform's own schema."""

import re
from pathlib import Path

import pytest
from graphql import parse, validate

from schema.graph import local_schema

_DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize(("page", "number"), [("parking_graph.md", 7), ("appointments.md", 4)])
def test_every_operation_of_a_page_fits_the_schema(page: str, number: int) -> None:
    blocks = re.findall(r"^```graphql\n(.*?)^```", (_DOCS / page).read_text(), re.MULTILINE | re.DOTALL)
    found = [error.message for block in blocks for error in validate(local_schema(), parse(block))]
    assert (len(blocks), found) == (number, [])
