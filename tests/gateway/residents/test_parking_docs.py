"""The operations of docs/parking_graph.md are valid in the platform's own schema."""

import re
from pathlib import Path

from graphql import parse, validate

from schema.graph import local_schema

_PAGE = (Path(__file__).parents[3] / "docs" / "parking_graph.md").read_text()


def test_every_operation_of_the_page_fits_the_schema() -> None:
    blocks = re.findall(r"^```graphql\n(.*?)^```", _PAGE, re.MULTILINE | re.DOTALL)
    found = [error.message for block in blocks for error in validate(local_schema(), parse(block))]
    assert (len(blocks), found) == (7, [])
