"""The corpus of real documents: data beside the project, not part of it."""

from pathlib import Path

import pytest

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"


@pytest.fixture(scope="session")
def corpus() -> Path:
    if not (CORPUS / "index.csv").is_file():
        pytest.skip(f"the corpus of real documents is not at {CORPUS}")
    return CORPUS
