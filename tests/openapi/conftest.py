"""The corpus of real documents: data beside the project, not part of it."""

from pathlib import Path

import pytest

from tests.corpus_folder import CORPUS


@pytest.fixture(scope="session")
def corpus() -> Path:
    if not (CORPUS / "index.csv").is_file():
        pytest.skip(f"the corpus of real documents is not at {CORPUS}")
    return CORPUS
