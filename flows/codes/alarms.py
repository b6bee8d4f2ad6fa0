"""What is wrong with uses, for people to look into: codes that two have accepted, and travel that nobody can make."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.database import driver

_ALARMS = """
    SELECT a.kind, a.found_at, a.metres, two.account_id, here.name_zh AS first_zh, here.name_en AS first_en,
        one.used_at AS first_at, there.name_zh AS second_zh, there.name_en AS second_en, two.used_at AS second_at
    FROM (SELECT 'double use' AS kind, found_at, first_use, second_use, NULL AS metres FROM code_double_use
        UNION ALL SELECT 'travel', found_at, first_use, second_use, metres FROM code_travel) a
    JOIN code_use one ON one.id = a.first_use JOIN code_verifier here ON here.id = one.verifier_id
    JOIN code_use two ON two.id = a.second_use JOIN code_verifier there ON there.id = two.verifier_id
    WHERE a.found_at >= $1 ORDER BY a.found_at DESC, a.kind
"""


class Acceptance(Struct, frozen=True):
    """Where and when a code was accepted."""

    name_zh: str
    name_en: str
    at: datetime


class Alarm(Struct, frozen=True):
    """Two uses that cannot both be right; ``metres`` apart, if it is their distance that cannot be."""

    kind: str
    found_at: datetime
    account_id: UUID | None
    first: Acceptance
    second: Acceptance
    metres: int | None


async def alarms(session: AsyncSession, since: datetime) -> Sequence[Alarm]:
    """Return what was found since then, the newest first."""
    return [
        Alarm(
            row["kind"],
            row["found_at"],
            row["account_id"],
            Acceptance(row["first_zh"], row["first_en"], row["first_at"]),
            Acceptance(row["second_zh"], row["second_en"], row["second_at"]),
            row["metres"],
        )
        for row in await (await driver(session)).fetch(_ALARMS, since)
    ]
