"""What a notice of parking says when it is told, and whether it still has to be; ``flows.notices`` takes it there."""

from collections.abc import Callable, Mapping
from typing import NamedTuple
from uuid import UUID

from adapters.apps import OpenApps
from adapters.templates import MessageName, Value
from flows.notices.telling import LINE, Said, Teller, shown_time, skip, waiting
from flows.notices.telling import tell as say
from flows.parking.finding import session_of
from flows.parking.gathering import Deps
from flows.parking.ownership import shows
from flows.parking.session_tables import ParkingNotice
from flows.parking.viewing import View, view
from kernel.money import Fen, format_yuan


class _Kind(NamedTuple):
    message: MessageName
    what: str  # up to 20 characters, as residents read it
    needless: Callable[[View], bool]  # by now


def _is_paid(shown: View) -> bool:
    return not shown.due_fen


_ARREARS = _Kind("parking_arrears", "停车费待缴，请尽快支付", _is_paid)
_KINDS: Mapping[str, _Kind] = {
    "orphan_closed": _Kind("parking_orphan_closed", "未见离场，停车已按上限结束", lambda _: False),
    "charging_over": _Kind("parking_charging_over", "充电已结束，请尽快驶离", lambda shown: shown.is_gone),
    "billed": _Kind("parking_billed", "停车已结束，请支付停车费", _is_paid),
    "debit_failed": _Kind("parking_debit_failed", "自动扣费未成功，请手动支付", _is_paid),
    "arrears_1": _ARREARS,
    "arrears_2": _ARREARS,
    "arrears_3": _ARREARS,
}


async def tell(deps: Deps, apps: OpenApps, notice_id: UUID) -> None:
    """Tell a notice unless it was told, or is needless by now. Raises what a host fails with for a while."""
    notice = await waiting(deps.session, ParkingNotice, notice_id)
    if notice is None or notice.account_id is None:
        return
    kind = _KINDS[notice.kind]
    row = await session_of(deps.session, notice.session_id)
    shown, is_theirs = await view(deps, row), await shows(deps, notice.account_id, row)
    if kind.needless(shown):
        skip(notice, "it was settled meanwhile")
        return
    said = Said(kind.message, _values(notice, kind, shown, times=is_theirs))
    await say(Teller(deps.session, deps.clock, deps.keys.cipher, apps), notice, said)


def _values(notice: ParkingNotice, kind: _Kind, shown: View, *, times: bool) -> Mapping[Value, str]:
    """Return what a template may say. ``times``: the session is shown to them; else they read the notice's own time."""
    row = shown.row
    return {
        "what": kind.what,
        "lot": shown.lot.name_zh[:LINE],
        "plate": shown.plate or "",
        "amount": f"{format_yuan(Fen(notice.amount_fen))}元",
        "entered": shown_time(row.entered_at or row.opened_at if times else notice.at),
        "left": shown_time(row.left_at if times else notice.at),
    }
