"""nginx in front of the bare upstream: the least that any gateway costs."""

import subprocess
from contextlib import ExitStack

from bench.machine import GATEWAY_CORE, Program
from bench.peers.peer import Ground, Peer


def start(ground: Ground, running: ExitStack) -> Peer:
    """Start one nginx worker that proxies with connections kept alive."""
    folder = ground.folder
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"""
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr crit;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_timeout 600s; keepalive_requests 100000000;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  proxy_buffers 16 8k; proxy_busy_buffers_size 32k;
  upstream register {{ server {ground.upstream.removeprefix("http://")}; keepalive 64; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{ground.port};
    location / {{ proxy_pass http://register; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
}}
""",
        encoding="utf-8",
    )
    program = Program(["nginx", "-c", str(configuration)], core=GATEWAY_CORE, log=folder / "log")
    version = subprocess.run(["nginx", "-v"], check=True, capture_output=True, text=True).stderr
    running.enter_context(program)
    return Peer("nginx", version.strip().rpartition("/")[2], program, ground.port, bare=True)
