"""Where the corpus of real documents lies: data beside the repository, not part of it."""

from pathlib import Path

CORPUS = Path(__file__).parents[2] / "shared" / "corpus"
