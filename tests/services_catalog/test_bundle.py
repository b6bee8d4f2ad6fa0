"""Bundles: bounded, confined to their folder, stored small."""

import pytest

from services_catalog import bundle
from services_catalog.errors import BundleError


def test_a_bundle_is_stored_small_and_reads_back() -> None:
    files = {"openapi.yaml": "openapi: 3.1.0\n" * 1000, "schemas/lot.yaml": "type: object"}
    packed = bundle.pack(files)
    assert bundle.unpack(packed) == files
    assert len(packed) < 1000
    assert bundle.pack(dict(reversed(files.items()))) == packed


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../a.yaml", "a/../../b.yaml", "a/../b.yaml", "./a", "a//b", "", "a\\b"]
)
def test_a_path_stays_inside(path: str) -> None:
    with pytest.raises(BundleError, match="leads out"):
        bundle.check({"openapi.yaml": "", path: ""}, "openapi.yaml")


def test_a_bundle_holds_its_document() -> None:
    with pytest.raises(BundleError, match="not among the 1 files"):
        bundle.check({"a.yaml": ""}, "openapi.yaml")


@pytest.mark.parametrize(
    "files",
    [
        {"a": "x" * (bundle.MAX_BYTES + 1)},
        {"a": "停" * (bundle.MAX_BYTES // 3 + 1)},
        {"a": ""} | {f"f{number}": "" for number in range(bundle.MAX_FILES)},
    ],
)
def test_a_bundle_is_bounded(files: dict[str, str]) -> None:
    with pytest.raises(BundleError, match="more than"):
        bundle.check(files, "a")
