"""``python -m examples.departments.hospital [--host 127.0.0.1] [--port 9103]``."""

from examples.departments.hospital.app import build
from examples.departments.server import main

main(build(), name="hospital", port=9103)
