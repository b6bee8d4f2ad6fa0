"""Read the audit log as it stands, without judging it."""

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

import msgspec
from msgspec import Struct

from kernel.audit.chain import Link

if TYPE_CHECKING:  # neither is generic at run time
    from asyncpg import Record
    from asyncpg.pool import PoolConnectionProxy

Connection: TypeAlias = "PoolConnectionProxy[Record]"

_AT = """to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
ENTRIES = f"""
    SELECT seq, {_AT} AS at, actor, acr, on_behalf_of, action, object, purpose, result, request_id,
           details::text AS details, previous_hash, hash
    FROM audit_entry
"""  # noqa: S608 - a constant; times as text, so that one that no datetime holds is just an edited one


class Filter(Struct, frozen=True):
    """Which entries; what is empty does not matter."""

    actor: str = ""
    object: str = ""
    since: datetime | None = None
    limit: int = 50


async def newest(connection: Connection, wanted: Filter) -> list[Link]:
    """Return the newest entries that are so, the newest last."""
    conditions = {"actor = $": wanted.actor, "object = $": wanted.object, "at >= $": wanted.since}
    given = {condition: value for condition, value in conditions.items() if value}
    where = "".join(f" AND {condition}{number}" for number, condition in enumerate(given, 2))
    rows = await connection.fetch(
        f"{ENTRIES} WHERE true{where} ORDER BY seq DESC LIMIT $1", wanted.limit, *given.values()
    )
    return [link_of(row) for row in reversed(rows)]


async def head_of(connection: Connection) -> tuple[int, bytes]:
    """Return the number and the hash of the newest entry, as the head's row has them."""
    row = await connection.fetchrow("SELECT seq, hash FROM audit_head")
    return (row[0], row[1]) if row else (0, b"")


def link_of(row: "Record") -> Link:
    """A row of ``ENTRIES`` as it was hashed, whatever it holds by now."""
    values = dict(row)
    with suppress(msgspec.MsgspecError, RecursionError):  # nothing that was appended: its text fits no hash either
        values["details"] = msgspec.json.decode(values["details"])
    return Link(**values | {"at": values["at"] or ""})
