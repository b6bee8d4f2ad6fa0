"""The department app behind every gateway under test: nginx answering the register of openapi.yaml by itself.

nginx fills the asked id into ready text, so an answer costs some microseconds, depends on the question, and can be
computed here too, which is how the answers of the gateways are checked.
"""

import json
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.machine import LOAD_CORE, Program, free_port, wait_until_listening

SERVICES = ("library", "theatre", "gallery")  # equally long, so that all right answers are equally long
ROWS = 100
ROWS_PER_VARIABLE = 10  # one nginx parameter holds at most 4,096 bytes

_KINDS = ("temperature", "humidity", "visitors", "noise")
_UNITS = ("celsius", "percent", "persons", "decibel")


def facility(service: str, id_: str) -> dict[str, Any]:
    """Return the answer to GET /<service>/facilities/<id>."""
    return {
        "id": id_,
        "name": f"Municipal {service} {id_}",
        "district": "Gulou",
        "address": f"No. 18, {id_} Road, Gulou District",
        "capacity": 420,
        "occupancy": 0.625,
        "open": True,
        "updatedAt": "2026-11-22T08:00:00+08:00",
    }


def reading(page: str, row: int) -> dict[str, Any]:
    """Return one of the hundred rows of GET /<service>/readings?page=<page>."""
    return {
        "id": f"{page}-{row:03}",
        "facilityId": f"f{page}",
        "kind": _KINDS[row % 4],
        "value": round(17.5 + row * 0.37, 2),
        "unit": _UNITS[row % 4],
        "valid": row % 9 != 0,
        "sensor": f"sensor-{row:04}",
        "floor": row % 7,
        "room": f"R{row % 7}{row:02}",
        "takenAt": f"2026-11-22T08:{row % 60:02}:00+08:00",
        "receivedAt": f"2026-11-22T08:{row % 60:02}:02+08:00",
        "note": None if row % 3 else "calibrated this year",
    }


@dataclass(frozen=True)
class Upstream:
    """The upstream that runs."""

    program: Program
    port: int

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def count(self) -> int:
        """Return how many requests it has answered, these questions after their number included."""
        with urllib.request.urlopen(f"{self.url}/count", timeout=10) as response:  # noqa: S310 -- our own loopback URL
            return int(response.read().split(b"\n")[2].split()[2])


def start(folder: Path, running: ExitStack) -> Upstream:
    """Start it on the load's core; ``running`` stops it."""
    port = free_port()
    configuration = folder / "upstream.conf"
    configuration.write_text(nginx_configuration(port, folder), encoding="utf-8")
    command = ["nginx", "-c", str(configuration)]
    program = running.enter_context(Program(command, core=LOAD_CORE, log=folder / "upstream.log"))
    wait_until_listening(program, port)
    return Upstream(program, port)


def nginx_configuration(port: int, folder: Path) -> str:
    """Write the upstream's nginx configuration."""
    rows = [json.dumps(reading("$arg_page", row), separators=(",", ":")) for row in range(ROWS)]
    parts = [",".join(rows[start : start + ROWS_PER_VARIABLE]) for start in range(0, ROWS, ROWS_PER_VARIABLE)]
    variables = "\n".join(f"      set $rows{number} '{part}';" for number, part in enumerate(parts))
    page = ",".join(f"${{rows{number}}}" for number in range(len(parts)))
    one = json.dumps(facility("$1", "$2"), separators=(",", ":"))
    return f"""
daemon off; master_process off; pid {folder}/upstream.pid; error_log stderr crit;
events {{ worker_connections 4096; }}
http {{
  access_log off; default_type application/json; keepalive_timeout 600s; keepalive_requests 100000000;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location = /count {{ stub_status; default_type text/plain; }}
    location ~ ^/([A-Za-z0-9]+)/(?:facilities|probes[0-9]+)/(f[0-9]+)$ {{ return 200 '{one}'; }}
    location ~ ^/[A-Za-z0-9]+/readings$ {{
{variables}
      return 200 '[{page}]';
    }}
  }}
}}
"""
