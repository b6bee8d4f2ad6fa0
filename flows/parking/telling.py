"""A notice on its way to whom it concerns: by the host apps that they sign in with, the latest first, then by SMS.

A host may refuse it: they have allowed no message, or the app has no template for it. Then the next is tried, and the
notice keeps what each has said. What only fails for a while is for the outbox to try again.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlmodel import col, select

from adapters.apps import OpenApps
from adapters.channel import Message
from adapters.errors import HostConfigurationError, MessageRefusedError, NotOfferedError
from adapters.templates import MessageName, Value
from auth.accounts.merging import parts_of
from auth.accounts.tables import Identity
from flows.parking.finding import session_of
from flows.parking.gathering import Deps
from flows.parking.ownership import shows
from flows.parking.session_tables import ParkingNotice
from flows.parking.viewing import View, view
from kernel.clock import CHINA
from kernel.errors import YiwangError
from kernel.money import Fen, format_yuan

_HOSTS = ("wechat", "alipay", "baidu")
_LINE = 20  # characters of a WeChat template's ``thing``, the shortest of the hosts' lines


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


class _Way(NamedTuple):
    app_id: str
    to: str


async def tell(deps: Deps, apps: OpenApps, notice_id: UUID) -> None:
    """Tell a notice unless it was told, or is needless by now. Raises what a host fails with for a while."""
    notice = await deps.session.get_one(ParkingNotice, notice_id, with_for_update=True)
    if notice.state != "waiting" or notice.account_id is None:
        return
    kind = _KINDS[notice.kind]
    row = await session_of(deps.session, notice.session_id)
    shown, is_theirs = await view(deps, row), await shows(deps, notice.account_id, row)
    deps.session.add(notice)
    if kind.needless(shown):
        notice.state, notice.why = "needless", "it was settled meanwhile"
        return
    values, refused, failed = _values(notice, kind, shown, times=is_theirs), list[str](), list[YiwangError]()
    for way in await _ways(deps, apps, notice.account_id):
        template = apps.messages.get(way.app_id, {}).get(kind.message)
        if template is None:
            refused.append(f"{way.app_id}: it has no template for {kind.message}")
            continue
        said = {keyword: values[name] for keyword, name in template.values.items()}
        try:
            await apps.channels[way.app_id].send_message(
                Message(to=way.to, template=template.id, values=said, page=template.page)
            )
        except (MessageRefusedError, NotOfferedError, HostConfigurationError) as error:
            refused.append(f"{way.app_id}: {error.message}")
        except YiwangError as error:
            if not error.retryable:
                raise
            failed.append(error)
        else:
            notice.state, notice.told_by, notice.told_at = "told", way.app_id, deps.clock.now()
            notice.why = "; ".join(refused)
            return
    if failed:
        raise failed[0]
    notice.state, notice.why = "untold", "; ".join(refused) or "they sign in by no app that can tell them"


async def give_up(deps: Deps, notice_id: UUID) -> None:
    """Note that a notice was tried as often as there is sense in it."""
    notice = await deps.session.get_one(ParkingNotice, notice_id)
    notice.state, notice.why = "untold", "hosts could not be reached (yiwang outbox)"
    deps.session.add(notice)


async def _ways(deps: Deps, apps: OpenApps, account_id: UUID) -> list[_Way]:
    """Return what leads to a resident, in the order in which it is tried."""
    chosen = select(Identity).where(
        col(Identity.account_id).in_(await parts_of(deps.session, account_id)), col(Identity.revoked_at).is_(None)
    )
    found = (await deps.session.exec(chosen.order_by(col(Identity.last_used_at).desc()))).all()
    ways = [
        _Way(each.tenant, each.subject) for each in found if each.provider in _HOSTS and each.tenant in apps.channels
    ]
    by_sms = [app_id for app_id, channel in apps.channels.items() if channel.provider == "web"]
    for each in found:
        if each.provider == "phone" and each.value is not None:
            number = deps.keys.cipher.open("identity.value", each.id, each.value)
            ways += [_Way(app_id, number) for app_id in by_sms]
    return ways


def _values(notice: ParkingNotice, kind: _Kind, shown: View, *, times: bool) -> Mapping[Value, str]:
    """Return what a template may say. ``times``: the session is shown to them; else they read the notice's own time."""
    row = shown.row
    return {
        "what": kind.what,
        "lot": shown.lot.name_zh[:_LINE],
        "plate": shown.plate or "",
        "amount": f"{format_yuan(Fen(notice.amount_fen))}元",
        "entered": _time(row.entered_at or row.opened_at if times else notice.at),
        "left": _time(row.left_at if times else notice.at),
    }


def _time(at: datetime | None) -> str:
    return f"{at.astimezone(CHINA):%Y年%m月%d日 %H:%M}" if at else ""
