"""Pin the newest versions that pyproject.toml allows, with hashes, for every Python and platform: ``make lock``."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UV = ROOT / ".venv" / "uv" / "bin" / "uv"
# No index addresses and no uv.lock: what is locked must install from any mirror.
COMPILE = ["pip", "compile", "--universal", "--upgrade", "--generate-hashes", "--no-emit-index-url", "--no-annotate"]
SETS = {
    "run.txt": ["--extra", "embedded", "pyproject.toml"],
    "dev.txt": ["--all-extras", "--group", "dev", "pyproject.toml"],
    "uv.txt": ["requirements/uv.in"],
}

for name, sources in SETS.items():
    finished = subprocess.run(
        [UV, *COMPILE, "--quiet", *sources, "--output-file", f"requirements/{name}"], cwd=ROOT, check=False
    )
    if finished.returncode:
        sys.exit(f"requirements/{name} could not be renewed; uv's message above says why")
