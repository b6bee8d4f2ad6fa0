"""Both servers at once: those that the settings do not name are started, or shared if they run already."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec

from kernel.clock import SystemClock
from kernel.embedded.postgres import start_postgres
from kernel.embedded.process import Server
from kernel.embedded.valkey import start_valkey
from kernel.settings import Settings, state_path


def start_missing(settings: Settings, postgres_options: Sequence[str] = ()) -> list[Server]:
    """Start or share a server for each URL that is empty; call it from the main thread (see ``kernel.processes``).

    An embedded database gets its key file too: once its URL is known, nobody can tell it from one that has keys.
    """
    from kernel.crypto.keys import make_missing  # noqa: PLC0415 - help is quick without cryptography

    state = state_path(settings)
    make_missing(settings, SystemClock())
    started: list[Server] = []
    try:
        if not settings.database_url:
            started.append(start_postgres(state, postgres_options))
        if not settings.redis_url:
            started.append(start_valkey(state))
    except BaseException:
        stop(started)
        raise
    return started


def stop(started: Sequence[Server]) -> None:
    """Stop in the reverse order."""
    for server in reversed(started):
        server.stop()


def with_urls(settings: Settings, started: Sequence[Server]) -> Settings:
    """The settings that name the started servers."""
    fields = {"postgres": "database_url", "valkey": "redis_url"}
    return msgspec.structs.replace(settings, **{fields[server.name]: server.url for server in started})


@contextmanager
def servers(settings: Settings, postgres_options: Sequence[str] = ()) -> Iterator[Settings]:
    """The settings with both URLs usable, for as long as the block runs."""
    started = start_missing(settings, postgres_options)
    try:
        yield with_urls(settings, started)
    finally:
        stop(started)
