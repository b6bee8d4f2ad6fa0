"""A site's snapshot as the database has it: everything, or what has changed after a revision (``site_snapshot``)."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from flows.parking.coupons import Coupon
from flows.parking.errors import UnknownDeviceError
from flows.parking.event_wire import LATE
from flows.parking.gathering import Deps
from flows.parking.sessions import PHONE, REREAD
from flows.parking.site_revision import PARTS, Revision, hash_of, read_revision
from flows.parking.site_snapshot import (
    SiteFormerTerms,
    SiteHoliday,
    SiteLane,
    SiteLot,
    SiteMandate,
    SitePayment,
    SitePermit,
    SiteSession,
    SiteSnapshot,
    SiteTariff,
    known_as,
)
from flows.parking.stored import TEXT
from kernel.database import driver

REGULARS = timedelta(days=30)
"""A site is told the mandates of plates that came within it, or are inside: no list of the whole city."""

_LOT = """
    SELECT lot.* FROM parking_lane l JOIN parking_lot lot ON lot.id = l.lot_id
    WHERE l.device_id = $1 AND l.closed_at IS NULL AND lot.closed_at IS NULL LIMIT 1
"""
_LANES = "SELECT * FROM parking_lane WHERE lot_id = $1 AND closed_at IS NULL ORDER BY name, id"
_TARIFFS = """
    SELECT id, code, code || ' ' || version AS name, valid_from, data FROM parking_tariff t
    WHERE operator_id = $1 AND code = ANY($2) AND valid_from >= coalesce((SELECT max(valid_from) FROM parking_tariff
        WHERE operator_id = $1 AND code = t.code AND valid_from <= $3), '-infinity')
    ORDER BY valid_from, id
"""
_FORMER = """
    SELECT until, tariff, area_class, holiday_region, no_entry FROM parking_former_terms
    WHERE lot_id = $1 AND until > $2 ORDER BY until
"""
_HOLIDAYS = "SELECT region, day, kind FROM parking_holiday WHERE region = ANY($1) AND day >= $2 ORDER BY region, day"
_PERMITS = """
    SELECT p.id, p.plate, p.name, p.since, p.until FROM parking_permit p
    WHERE p.operator_id = $1 AND (p.lot_id IS NULL OR p.lot_id = $2) AND (p.until IS NULL OR p.until > $3)
    ORDER BY p.id
"""
_MANDATES = """
    SELECT v.id AS vehicle_id, v.plate, max(m.limit_each) AS limit_fen FROM debit_mandate m
    JOIN vehicle v ON m.about = 'vehicle:' || v.id
    WHERE m.state = 'active' AND EXISTS (SELECT FROM parking_session s WHERE s.lot_id = $1
        AND s.credential = v.plate_index AND s.opened_at > $2)
      AND NOT EXISTS (SELECT FROM parking_session i JOIN parking_host_stay h ON h.session_id = i.id
        WHERE i.lot_id = $1 AND i.credential = v.plate_index AND parking_is_inside(i) = 1
          AND h.app_id = m.app_id AND h.product = 'charging' AND h.service <> 'active')
      AND NOT EXISTS (SELECT FROM parking_session i WHERE i.lot_id = $1 AND i.credential = v.plate_index
        AND parking_is_inside(i) = 1 AND i.debited_at IS NOT NULL)
    GROUP BY v.id ORDER BY v.id
"""
_HORIZON = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
_CHANGED = "SELECT id FROM parking_session WHERE lot_id = $1 AND changed_in >= $2"
_NEEDED = """
    SELECT id FROM parking_session
    WHERE lot_id = $1 AND left_at IS NULL AND superseded_by IS NULL AND orphan_closed_at IS NULL
    UNION
    SELECT id FROM parking_session
    WHERE lot_id = $1 AND free_used AND superseded_by IS NULL AND entered_at > $2::timestamptz - $3::interval
    UNION
    SELECT before.id FROM parking_session s
    JOIN parking_session before ON before.lot_id = s.lot_id AND before.credential = s.credential
        AND before.free_used AND before.superseded_by IS NULL AND before.entered_at > s.entered_at - $3::interval
    WHERE s.lot_id = $1 AND s.left_at IS NULL AND s.superseded_by IS NULL AND s.orphan_closed_at IS NULL
"""
"""Sessions that are open, and those whose free minutes count for a vehicle that comes now or is inside."""
_SESSIONS = """
    SELECT s.*, EXISTS (SELECT FROM parking_event e WHERE e.lot_id = s.lot_id AND e.credential = s.credential
            AND e.occurred_at = s.left_at AND e.opened AND e.device_id = $2) AS left_by_phone,
        coalesce((SELECT json_agg(json_build_object('kind', p.kind, 'amount_fen', p.amount_fen - p.refunded_fen,
            'quoted_at', p.quoted_at, 'paid_at', p.paid_at, 'covers_until', p.covers_until) ORDER BY p.order_id)
        FROM parking_payment p WHERE p.session_id = ANY(i.ids) AND p.paid_at IS NOT NULL), '[]')::text AS paid,
        coalesce((SELECT json_agg(json_build_object('granted_at', c.granted_at, 'amount_fen', c.amount_fen,
            'revoked_at', c.revoked_at) ORDER BY c.id)
        FROM parking_coupon c WHERE c.session_id = ANY(i.ids)), '[]')::text AS coupons
    FROM parking_session s
    CROSS JOIN LATERAL (SELECT s.id || ARRAY(SELECT o.id FROM parking_session o WHERE o.superseded_by = s.id)) i (ids)
    WHERE s.id = ANY($1::uuid[]) ORDER BY s.id
"""


class _Asked(NamedTuple):
    connection: "asyncpg.Connection[asyncpg.Record]"
    deps: Deps
    device_id: str
    lot: Any
    now: datetime


class _Part(NamedTuple):
    """What a part is compared by, and what has it whole: plates are opened only where they are sent."""

    by: Any
    whole: Callable[[], Any]


async def snapshot(deps: Deps, device_id: str, after: str) -> SiteSnapshot:
    """Return what the lot of a device is told. Raises UnknownDeviceError."""
    connection, now = await driver(deps.session), deps.clock.now()
    lot = await connection.fetchrow(_LOT, device_id)
    if lot is None:
        raise UnknownDeviceError(f"The device {device_id} is at no lane", fix="Have its operator add it to a lane.")
    asked = _Asked(connection, deps, device_id, lot, now)
    horizon = await connection.fetchval(_HORIZON)  # before anything is read
    known = read_revision(after)
    if known is not None and (known.lot_id != str(lot["id"]) or known.horizon > horizon):
        known = None
    parts = await _parts(asked)
    hashes = tuple(hash_of(parts[name].by) for name in PARTS)
    changed = {
        name: parts[name].whole()
        for name, new, old in zip(PARTS, hashes, known.parts if known else [""] * len(PARTS), strict=True)
        if new != old
    }
    return SiteSnapshot(
        revision=str(Revision(str(lot["id"]), horizon, hashes)),
        at=now,
        complete=known is None,
        sessions=await _sessions(asked, known.horizon if known else None, _free_for(parts["tariffs"].by)),
        **changed,
    )


async def _parts(asked: _Asked) -> dict[str, _Part]:
    connection, lot, now = asked.connection, asked.lot, asked.now
    entered = now - LATE  # whoever may be inside, and what a box tells, is no older
    former = await connection.fetch(_FORMER, lot["id"], entered)
    codes, regions = ([each[name] for each in (lot, *former)] for name in ("tariff", "holiday_region"))
    tariffs = await connection.fetch(_TARIFFS, lot["operator_id"], codes, entered)
    holidays = await connection.fetch(_HOLIDAYS, regions, entered.date())
    whole = dict(lot) | {"former": tuple(SiteFormerTerms(**each) for each in former)}
    permits = await connection.fetch(_PERMITS, lot["operator_id"], lot["id"], now)
    mandates = await connection.fetch(_MANDATES, lot["id"], now - REGULARS)
    plain = {
        "lot": SiteLot(**{name: whole[name] for name in SiteLot.__struct_fields__}),
        "lanes": tuple(_lane(row, asked.device_id) for row in await connection.fetch(_LANES, lot["id"])),
        "tariffs": tuple(
            SiteTariff(
                id=row["id"],
                code=row["code"],
                name=row["name"],
                valid_from=row["valid_from"],
                data=_json(row["data"]),
            )
            for row in tariffs
        ),
        "holidays": tuple(SiteHoliday(**row) for row in holidays),
    }
    return {name: _plain(part) for name, part in plain.items()} | {
        "permits": _Part(
            [(row["id"], row["name"], row["since"], row["until"]) for row in permits],
            lambda: tuple(_permit(asked, row) for row in permits),
        ),
        "mandates": _Part(
            [(row["vehicle_id"], row["limit_fen"]) for row in mandates],
            lambda: tuple(_mandate(asked, row) for row in mandates),
        ),
    }


def _free_for(tariffs: Sequence[SiteTariff]) -> timedelta:
    """Return for how long the free minutes of a stay count, at most."""
    hours = (tariff.data.get("free", {}).get("once_in_hours", 0) for tariff in tariffs)
    return timedelta(hours=max(hours, default=0))


async def _sessions(asked: _Asked, since: int | None, free_for: timedelta) -> tuple[SiteSession, ...]:
    """Return those that have changed since a transaction, or all that are needed."""
    connection, lot_id = asked.connection, asked.lot["id"]
    if since is not None:
        wanted = await connection.fetch(_CHANGED, lot_id, since)
    else:
        wanted = await connection.fetch(_NEEDED, lot_id, asked.now, free_for)
    rows = await connection.fetch(_SESSIONS, [row["id"] for row in wanted], PHONE) if wanted else []
    return tuple(_session(asked, row, free_for) for row in rows)


def _session(asked: _Asked, row: Any, free_for: timedelta) -> SiteSession:
    paid = msgspec.json.decode(row["paid"], type=tuple[SitePayment, ...])
    return SiteSession(
        id=row["id"],
        who=known_as(row["lot_id"], asked.deps.keys.cipher.open(TEXT, row["id"], row["credential_text"])),
        open=row["left_at"] is None and row["superseded_by"] is None and row["orphan_closed_at"] is None,
        free=bool(free_for) and row["free_used"] and row["superseded_by"] is None,
        leaves_until=_leaves_until(row["left_at"], paid) if row["left_by_phone"] else None,
        entered_at=row["entered_at"],
        vehicle_class=row["vehicle_class"],
        charging=(row["charging_from"], row["charging_until"]) if row["charging_from"] else None,
        paid=paid,
        coupons=msgspec.json.decode(row["coupons"], type=tuple[Coupon, ...]),
    )


def _leaves_until(left_at: datetime, paid: Sequence[SitePayment]) -> datetime:
    """Return until when an arm opens for who has left by phone: as long as a payment covers, else a passage takes."""
    return max([left_at + REREAD, *(each.covers_until for each in paid)])


def _lane(row: Any, device_id: str) -> SiteLane:
    mine = row["device_id"] == device_id
    return SiteLane(name=row["name"], direction=row["direction"], fail_open=row["fail_open"], mine=mine)


def _plain(part: Any) -> _Part:
    return _Part(part, lambda: part)


def _permit(asked: _Asked, row: Any) -> SitePermit:
    who = _who(asked, "parking_permit.plate", row["id"], row["plate"])
    return SitePermit(who=who, name=row["name"], since=row["since"], until=row["until"])


def _mandate(asked: _Asked, row: Any) -> SiteMandate:
    return SiteMandate(who=_who(asked, "vehicle.plate", row["vehicle_id"], row["plate"]), limit_fen=row["limit_fen"])


def _who(asked: _Asked, column: str, row_id: UUID, sealed: bytes) -> str:
    return known_as(asked.lot["id"], f"plate:{asked.deps.keys.cipher.open(column, row_id, sealed)}")


def _json(value: Any) -> Any:
    return value if isinstance(value, dict) else msgspec.json.decode(value)
