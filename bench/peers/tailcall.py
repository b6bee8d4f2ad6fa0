"""Tailcall: a GraphQL gateway for REST in Rust, whose configuration is written by hand from the same document."""

from contextlib import ExitStack

from bench.machine import GATEWAY_CORE, Program
from bench.peers import npm
from bench.peers.peer import Ground, Peer
from bench.upstream.register import SERVICES

_PACKAGE = "@tailcallhq/core-linux-x64-gnu"

_TYPES = """
type Facility {
  id: String! name: String! district: String! address: String! capacity: Int! occupancy: Float! open: Boolean!
  updatedAt: String!
}
type Reading {
  id: String! facilityId: String! kind: String! value: Float! unit: String! valid: Boolean! sensor: String floor: Int
  room: String takenAt: String receivedAt: String note: String
}
"""


def start(ground: Ground, running: ExitStack) -> Peer:
    """Write the graph and start Tailcall with one worker."""
    fields = "".join(
        f"""
  {service}_facility(id: String!): Facility @http(url: "{ground.upstream}/{service}/facilities/{{{{.args.id}}}}")
  {service}_readings(page: Int!): [Reading]
    @http(url: "{ground.upstream}/{service}/readings", query: [{{key: "page", value: "{{{{.args.page}}}}"}}])"""
        for service in SERVICES
    )
    configuration = ground.folder / "graph.graphql"
    server = f'@server(hostname: "127.0.0.1", port: {ground.port}, workers: 1)'
    configuration.write_text(
        f"schema {server} @upstream(poolMaxIdlePerHost: 64) {{ query: Query }}\ntype Query {{{fields}\n}}\n{_TYPES}",
        encoding="utf-8",
    )
    binary = npm.installed() / "node_modules" / _PACKAGE / "bin" / "tailcall"
    program = Program(
        [str(binary), "start", str(configuration)],
        core=GATEWAY_CORE,
        log=ground.folder / "log",
        env={"TAILCALL_LOG_LEVEL": "error", "TAILCALL_TRACKER": "false"},
    )
    running.enter_context(program)
    return Peer("tailcall", npm.version(_PACKAGE), program, ground.port)
