"""The thresholds of issue 2 section 2 on 203 real documents of public agencies. Counts, not times."""

import csv
import random
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema, validate_schema

from cli.documents import DocumentFiles
from supergraph.names import is_legal
from supergraph.openapi import Compilation, compile_document
from supergraph.openapi.load import LoadError, load
from supergraph.sdl import print_slice
from tests.openapi.documents import Compiled, compiled
from tests.openapi.test_naming import names_by_source, shuffled, without_one


@cache
def compilations(corpus: Path) -> dict[str, tuple[str, Compilation]]:
    """Return each document's own judgement (VALID ...) and its compilation."""
    with (corpus / "index.csv").open(encoding="utf-8") as index:
        rows = list(csv.DictReader(index))
    return {row["file"]: (row["validation"], compile_file(corpus / row["file"])) for row in rows}


def compile_file(path: Path) -> Compilation:
    return compile_document(path.name, DocumentFiles(path), service="city")


@pytest.mark.case("issue-2.2")
def test_every_valid_document_compiles(corpus: Path) -> None:
    found = compilations(corpus)
    assert len(found) == 203
    assert [
        file for file, (word, each) in found.items() if word in {"VALID", "REMOTE-REF"} and each.slice is None
    ] == []


@pytest.mark.case("issue-2.2")
def test_documents_that_do_not_compile_say_why(corpus: Path) -> None:
    for _, each in compilations(corpus).values():
        if each.slice is None:
            assert any(finding.level == "error" and finding.fix for finding in each.findings)


@pytest.mark.case("issue-2.2")
def test_operations_compile_and_are_typed(corpus: Path) -> None:
    totals: Counter[str] = Counter()
    for _, each in compilations(corpus).values():
        totals.update(offered=each.offered, operations=each.operations, typed=each.typed)
    assert totals["offered"] > 2_800
    assert totals["operations"] >= 0.99 * totals["offered"]
    assert totals["typed"] >= 0.98 * totals["operations"]


def test_every_slice_is_a_valid_schema(corpus: Path) -> None:
    for file, (_, each) in compilations(corpus).items():
        if each.slice is not None:
            assert validate_schema(build_schema(print_slice(each.slice))) == [], file
            assert all(map(is_legal, each.slice.types)), file


def test_findings_point_into_their_documents(corpus: Path) -> None:
    for file, (_, each) in compilations(corpus).items():
        for finding in each.findings:
            name, separator, pointer = finding.pointer.rpartition("#")
            if not (pointer if separator else finding.pointer):
                continue
            tree, _ = load((corpus / file).parent.joinpath(name if separator else Path(file).name).read_bytes())
            for token in pointer.split("/")[1:]:
                key = token.replace("~1", "/").replace("~0", "~")
                tree = tree[int(key)] if isinstance(tree, list) else tree[key]


def small_trees(corpus: Path, count: int) -> list[dict[str, Any]]:
    chance = random.Random(2)  # noqa: S311 # a sample
    files = sorted(file for file in (corpus / "documents").iterdir() if file.is_file())
    trees: list[dict[str, Any]] = []
    for file in chance.sample(files, 3 * count):
        try:
            tree = load(file.read_bytes())[0]
        except LoadError:
            continue
        if isinstance(tree, dict) and tree.get("paths") and file.stat().st_size < 60_000:
            trees.append(tree)
    return trees[:count]


def test_the_order_of_keys_changes_nothing(corpus: Path) -> None:
    for tree in small_trees(corpus, 30):
        chance = random.Random(1)  # noqa: S311 # a shuffle
        assert print_slice(compiled(shuffled(tree, chance)).slice) == print_slice(compiled(tree).slice)


def test_an_operation_less_renames_no_other(corpus: Path) -> None:
    for tree in small_trees(corpus, 12):
        whole = compiled(tree)
        for rest in list(without_one(tree))[:15]:
            fewer: Compiled = compiled(rest)
            assert names_by_source(fewer).items() <= names_by_source(whole).items()
            assert fewer.types.keys() <= whole.types.keys()
