"""``python -m examples.departments.parking [--host 127.0.0.1] [--port 9101]``."""

from examples.departments.parking.app import build
from examples.departments.server import main

main(build(), name="parking", port=9101)
