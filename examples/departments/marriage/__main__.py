"""``python -m examples.departments.marriage [--host 127.0.0.1] [--port 9102]``."""

from examples.departments.marriage.app import build
from examples.departments.server import main

main(build(), name="marriage", port=9102)
