"""``python -m examples.departments.documents`` writes the documents that are generated from code."""

from pathlib import Path

import msgspec
import yaml

from examples.departments.bus.app import build as build_bus
from examples.departments.parking.app import build as build_parking

HERE = Path(__file__).parent


def generated() -> dict[Path, str]:
    """Return the text of each generated document by its file."""
    bus = msgspec.json.encode(build_bus().openapi_schema.to_schema())
    parking = yaml.safe_dump(build_parking().openapi_schema.to_schema(), allow_unicode=True, sort_keys=False, width=120)
    return {
        HERE / "bus" / "openapi.json": msgspec.json.format(bus, indent=1).decode() + "\n",
        HERE / "parking" / "openapi.yaml": parking,
    }


if __name__ == "__main__":
    for path, text in generated().items():
        path.write_text(text, encoding="utf-8")
