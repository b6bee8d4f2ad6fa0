"""``yiwang run`` (``make run``): the whole of Yiwang on one machine, with example departments, until ctrl-C."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from itertools import repeat
from pathlib import Path

import click

from auth.issuer import issuer
from cli import appointment_demo, example_entries, examples, parking_demo
from cli.examples import Example
from cli.gateway_client import DEFAULT_GATEWAY
from cli.ports import bindable, reachable, url
from cli.supervisor import Supervisor, Unit, child_environment, ourselves, program
from kernel.crypto.keys import open_keys
from kernel.database import open_database
from kernel.embedded import EmbeddedError, Server, start_missing, with_urls
from kernel.embedded.postgres import start_postgres
from kernel.embedded.valkey import start_valkey
from kernel.errors import YiwangError
from kernel.redis import open_redis
from kernel.settings import Settings, load, state_path, variable
from migrations.upgrade import upgrade

_SANDBOX_HOST = "127.0.0.1"  # anyone who reaches it may do everything there
_READY_SECONDS = 60.0
_PORT_SECONDS = 3.0  # what an earlier run left behind ends within moments


@click.command()
@click.option("--examples/--no-examples", "with_examples", default=True, help="Whether the example departments run.")
@click.option(
    "--example-ports",
    type=click.IntRange(0, 65000),
    metavar="FIRST",
    help="Have the examples on FIRST and the ports after it, with 0 on free ones, instead of those of their manifests.",
)
@click.option("--sandbox/--no-sandbox", "with_sandbox", default=True, help="Whether the simulated host apps run.")
@click.option("--gate/--no-gate", "with_gate", default=True, help="Whether a garage of the examples has its box.")
def run(*, with_examples: bool, example_ports: int | None, with_sandbox: bool, with_gate: bool) -> None:
    """Start all on this machine: PostgreSQL, Valkey, gateway, worker, beat, examples and host apps.

    Servers named by YIWANG_DATABASE_URL and YIWANG_REDIS_URL are used instead of embedded ones. Data stays in .yiwang;
    remove that folder to begin anew.
    """
    settings = load()
    found = _placed(examples.all_examples() if with_examples else [], example_ports, state_path(settings))
    _check_ports(settings, found, sandbox=with_sandbox)
    _say(f"starting; data and logs are in {state_path(settings)}")
    open_keys(settings)  # what is wrong with them is said here and once, not by each process again and again
    started = start_missing(settings)
    if any(server.process is None for server in started):
        raise click.ClickException(f"{state_path(settings)} is in use by another `yiwang run`: stop that one first")
    gate_port = (parking_demo.GATE_PORT if example_ports is None else 0) if with_gate else None
    asyncio.run(_run(settings, started, found, sandbox=with_sandbox, gate_port=gate_port))


def _placed(found: list[Example], first: int | None, state: Path) -> list[Example]:
    """The examples on the ports that were asked for."""
    if first is None:
        return found
    ports = set(range(first, first + len(found))) if first else set[int]()
    while len(ports) < len(found):
        ports.add(bindable("127.0.0.1", 0))
    return [examples.moved(example, port, state) for example, port in zip(found, sorted(ports), strict=True)]


async def _run(
    settings: Settings, started: list[Server], found: list[Example], *, sandbox: bool, gate_port: int | None
) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    supervisor = Supervisor(_say)
    supervisor.add(_servers(settings, started))
    settings = with_urls(settings, started)
    working = asyncio.create_task(_work(settings, supervisor, found, sandbox=sandbox, gate_port=gate_port))
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
            await stopped
        _say("stopping")
    finally:
        working.cancel()
        await supervisor.stop()


async def _work(
    settings: Settings, supervisor: Supervisor, found: list[Example], *, sandbox: bool, gate_port: int | None
) -> None:
    """Start everything above the servers, publish the examples, and say where things are.

    Worker and beat come last: nobody waits for them, and the others are up sooner on few cores.
    """
    environ = child_environment(_variables(settings, sandbox=sandbox))
    logs = state_path(settings)
    supervisor.add([_department(example, settings, environ) for example in found])
    await upgrade(settings.database_url)
    addresses = {"gateway": (reachable(settings.gateway_host), settings.gateway_port)}
    addresses |= {"sandbox": (_SANDBOX_HOST, settings.sandbox_port)} if sandbox else {}
    supervisor.add([_command(name, environ, logs) for name in addresses])
    addresses |= {example.name: ("127.0.0.1", example.port) for example in found}
    await asyncio.gather(*(_listening(name, address) for name, address in addresses.items()))
    parking = await parking_demo.bring_up(settings, supervisor, gate_port, _say) if found else []
    await _publish(settings, found, environ)
    offices = await appointment_demo.bring_up(settings, found, _say) if found else []
    _say(_welcome(settings, found, [*parking, *offices], sandbox=sandbox))
    supervisor.add([_command("beat", environ, logs), _command("worker", environ, logs)])


def _servers(settings: Settings, started: list[Server]) -> list[Unit]:
    state = state_path(settings)
    starters = {"postgres": start_postgres, "valkey": start_valkey}

    def unit(server: Server) -> Unit:
        def start() -> "subprocess.Popen[bytes]":
            again = starters[server.name](state).process
            if again is None:
                raise EmbeddedError(f"another process has started {server.name} over {state}")
            return again

        return Unit(server.name, start, server.log, server.stop_signal, server.process)

    return [unit(server) for server in started]


def _command(name: str, environ: Mapping[str, str], logs: Path) -> Unit:
    return program(name, ourselves(name), environ, logs / f"{name}.log")


def _department(example: Example, settings: Settings, environ: Mapping[str, str]) -> Unit:
    """An example that believes what our gateway says of who asks; the gateway's own address has the keys."""
    keys = f"{url(settings.gateway_host, settings.gateway_port)}/oauth/jwks"
    command = [sys.executable, "-P", "-m", f"examples.departments.{example.name}", "--port", str(example.port)]
    command += ["--trust", issuer(settings), "--keys", keys]
    return program(example.name, command, environ, state_path(settings) / f"{example.name}.log")


def _variables(settings: Settings, *, sandbox: bool) -> dict[str, str]:
    """What the children need to know of our settings, and of the sandbox where no real service is named."""
    from adapters.sandbox.development import IDENTITY_KEY, SMS_KEY, VEHICLES_KEY, development_apps  # noqa: PLC0415 - help is quick without all simulators

    networks = settings.upstream_networks or ("127.0.0.0/8",)  # the examples' upstreams are here
    simulated = url(_SANDBOX_HOST, settings.sandbox_port)
    services = {
        "sms_url": f"{simulated}/web/sms",
        "sms_key": f"{SMS_KEY.id}:{SMS_KEY.secret.decode()}",
        "identity_url": f"{simulated}/identity",
        "identity_key": f"{IDENTITY_KEY.id}:{IDENTITY_KEY.secret.decode()}",
        "vehicle_register_url": f"{simulated}/vehicles",
        "vehicle_register_key": f"{VEHICLES_KEY.id}:{VEHICLES_KEY.secret.decode()}",
    }
    host_apps = settings.host_apps_file
    if sandbox and not host_apps:
        file = state_path(settings) / "host-apps.json"
        file.write_bytes(development_apps(simulated))
        host_apps = str(file)
    named = settings.sms_url or settings.identity_url or settings.vehicle_register_url
    chosen = services if sandbox and not named else {name: getattr(settings, name) for name in services}
    return {
        **{variable(name): value for name, value in chosen.items()},
        variable("host_apps_file"): host_apps,
        variable("database_url"): settings.database_url,
        variable("redis_url"): settings.redis_url,
        variable("state_dir"): str(state_path(settings)),
        variable("upstream_networks"): ",".join(networks),
    }


async def _publish(settings: Settings, found: list[Example], environ: Mapping[str, str]) -> None:
    if not found:
        return
    state = state_path(settings)
    async with open_database(settings) as database:
        tokens = [await examples.credential(database, state, example.manifest) for example in found]
        desk = await example_entries.prepare(database, state, zip(found, tokens, strict=True))
    published = (
        examples.publish(*each, environ)
        for each in zip(found, repeat(url(settings.gateway_host, settings.gateway_port)), tokens)
    )
    for example, problem in zip(found, await asyncio.gather(*published), strict=True):
        if problem:
            _say(f"{example.name} could not be published:\n{problem}")
    async with open_database(settings) as database, open_redis(settings) as redis:
        try:
            await example_entries.bring_out(database, redis, zip(found, tokens, strict=True), desk)
        except YiwangError as error:
            _say(f"the examples' entries are not all public: {error.said}")


async def _listening(name: str, address: tuple[str, int]) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        try:
            _, writer = await asyncio.open_connection(*address)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
    raise click.ClickException(f"{name} does not listen on {address[0]}:{address[1]}; its log says why")


def _check_ports(settings: Settings, found: list[Example], *, sandbox: bool) -> None:
    host = settings.gateway_host
    _check_port(
        "the gateway", host, settings.gateway_port, f"choose another with {variable('gateway_port')}=8001 make run"
    )
    if sandbox:
        otherwise = f"choose another with {variable('sandbox_port')}=9300 make run"
        _check_port("the sandbox", _SANDBOX_HOST, settings.sandbox_port, otherwise)
    for example in found:
        _check_port(
            f"the example {example.name}",
            "127.0.0.1",
            example.port,
            'choose others: make run ARGS="--example-ports 0"',
        )


def _check_port(who: str, host: str, port: int, otherwise: str) -> None:
    deadline = time.monotonic() + _PORT_SECONDS
    while True:
        try:
            bindable(host, port)
        except OSError as error:
            if time.monotonic() > deadline:
                raise click.ClickException(
                    f"port {port} of {host}, which {who} needs, cannot be used: {error.strerror}. "
                    f"End what has it (`ss -ltnp 'sport = :{port}'` shows it), or {otherwise}"
                ) from error
            time.sleep(0.1)
        else:
            return


def _welcome(settings: Settings, found: list[Example], flows: list[str], *, sandbox: bool) -> str:
    base = url(settings.gateway_host, settings.gateway_port)
    lines = [
        "Yiwang runs.",
        f"  GraphQL    {base}/graphql",
        f"  GraphiQL   {base}/graphiql",
        f"  console    {base}/console",
        f"  book       {base}/appointments",
        f"  schema     {base}/schema.graphql",
        *([f"  sandbox    {url(_SANDBOX_HOST, settings.sandbox_port)}"] if sandbox else []),
        *(f"  {example.name:<10} {example.manifest.upstream.url}" for example in found),
        f"  logs       {state_path(settings)}/*.log",
    ]
    if base != DEFAULT_GATEWAY:
        lines += ["", "For `yiwang publish` and its sisters:", f"  export YIWANG_GATEWAY={base}"]
    if found:
        query = " ".join((examples.FOLDER.parent / "first_query.graphql").read_text().split())
        lines += [
            "",
            "Ask three departments at once:",
            f"  curl -s {base}/graphql -H 'content-type: application/json' \\",
        ]
        lines += [f"""    -d '{{"query": "{query}"}}'"""]
    return "\n".join([*lines, *flows, "", "ctrl-C ends it."])


def _say(text: str) -> None:
    click.echo(f"{time.strftime('%H:%M:%S')}  {text}")
