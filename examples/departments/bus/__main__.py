"""``python -m examples.departments.bus [--host 127.0.0.1] [--port 9104]``."""

from examples.departments.bus.app import build
from examples.departments.server import main

main(build(), name="bus", port=9104)
