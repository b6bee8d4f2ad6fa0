"""A notice on its way to whom it concerns: by the host apps that they sign in with, the latest first, then by SMS.

Who has no account is told by SMS alone, at the telephone that the flow knows of them.

A host may refuse it: they have allowed no message, or the app has no template for it. Then the next is tried, and the
notice keeps what each has said. What only fails for a while is for the outbox to try again.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import NamedTuple, TypeVar
from uuid import UUID

from msgspec import Struct
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from adapters.apps import OpenApps
from adapters.channel import Message
from adapters.errors import HostConfigurationError, MessageRefusedError, NotOfferedError
from adapters.templates import MessageName, Template, Value
from auth.accounts.merging import parts_of
from auth.accounts.tables import Identity
from flows.notices.messages import NoticeNamed
from flows.notices.tables import Notice
from kernel.celery import Handler, TaskContext
from kernel.clock import CHINA, Clock
from kernel.crypto.fields import FieldCipher
from kernel.errors import YiwangError

LINE = 20
"""Characters of a WeChat template's ``thing``, the shortest of the hosts' lines."""

NONE = "-"
"""In place of a telephone that is not known: WeChat refuses an empty value."""

N = TypeVar("N", bound=Notice)
_HOSTS = ("wechat", "alipay", "baidu")
_SMS = "web"


class Teller(Struct, frozen=True):
    """What notices are told with, in one transaction. ``only_apps``: not by SMS.

    ``phone``: E.164, what the flow itself knows of them, the last way of all; empty if it knows none.
    """

    session: AsyncSession
    clock: Clock
    cipher: FieldCipher
    apps: OpenApps
    only_apps: bool = False
    phone: str = ""


class Said(NamedTuple):
    """Which of the apps' messages says it, with what in it."""

    message: MessageName
    values: Mapping[Value, str]


class _Way(NamedTuple):
    app_id: str
    to: str


async def waiting(session: AsyncSession, table: type[N], notice_id: UUID) -> N | None:
    """Return a notice that is still to be told, locked; None: it was told, or nobody could be."""
    notice = await session.get_one(table, notice_id, with_for_update=True)
    session.add(notice)
    return notice if notice.state == "waiting" else None


async def tell(teller: Teller, notice: Notice, said: Said) -> None:
    """Tell a notice that waits. Raises what a host fails with for a while."""
    refused, failed = list[str](), list[YiwangError]()
    for way in await _ways(teller, notice):
        template = teller.apps.messages.get(way.app_id, {}).get(said.message)
        if template is None:
            refused.append(f"{way.app_id}: it has no template for {said.message}")
            continue
        try:
            await teller.apps.channels[way.app_id].send_message(_message(way, template, said.values))
        except (MessageRefusedError, NotOfferedError, HostConfigurationError) as error:
            refused.append(f"{way.app_id}: {error.message}")
        except YiwangError as error:
            if not error.retryable:
                raise
            failed.append(error)
        else:
            notice.state, notice.told_by, notice.told_at = "told", way.app_id, teller.clock.now()
            notice.why = "; ".join(refused)
            return
    if failed:
        raise failed[0]
    notice.state, notice.why = "untold", "; ".join(refused) or _no_way(teller, notice)


def skip(notice: Notice, why: str) -> None:
    """Tell nobody: by now it is needless."""
    notice.state, notice.why = "needless", why


def gives_up(table: type[Notice]) -> Handler[NoticeNamed]:
    """Return what notes that a notice was tried as often as there is sense in it (``kernel.celery.consumer``)."""

    async def note(session: AsyncSession, _context: TaskContext, named: NoticeNamed) -> None:
        notice = await session.get_one(table, named.notice_id)
        notice.state, notice.why = "untold", "hosts could not be reached (yiwang outbox)"
        session.add(notice)

    return note


def shown_time(at: datetime | None, zone: tzinfo = CHINA) -> str:
    """Write a moment as hosts' templates take it; empty if there is none."""
    return f"{at.astimezone(zone):%Y年%m月%d日 %H:%M}" if at else ""


def _message(way: _Way, template: Template, values: Mapping[Value, str]) -> Message:
    said = {keyword: values.get(name, "") for keyword, name in template.values.items()}
    return Message(to=way.to, template=template.id, values=said, page=template.page)


async def _ways(teller: Teller, notice: Notice) -> Sequence[_Way]:
    """Return what leads to a resident, in the order in which it is tried."""
    channels = teller.apps.channels
    by_sms = [] if teller.only_apps else [app_id for app_id, each in channels.items() if each.provider == _SMS]
    found = await _identities(teller.session, notice.account_id) if notice.account_id else ()
    ways = [_Way(each.tenant, each.subject) for each in found if each.provider in _HOSTS and each.tenant in channels]
    for each in found:
        if each.provider == "phone" and each.value is not None:
            number = teller.cipher.open("identity.value", each.id, each.value)
            ways += [_Way(app_id, number) for app_id in by_sms]
    known = {each.to for each in ways}
    return ways + [_Way(app_id, teller.phone) for app_id in by_sms if teller.phone and teller.phone not in known]


async def _identities(session: AsyncSession, account_id: UUID) -> Sequence[Identity]:
    """Return an account's identities, the one that was used last first."""
    parts = await parts_of(session, account_id)
    theirs = select(Identity).where(col(Identity.account_id).in_(parts), col(Identity.revoked_at).is_(None))
    return (await session.exec(theirs.order_by(col(Identity.last_used_at).desc()))).all()


def _no_way(teller: Teller, notice: Notice) -> str:
    """Say why nothing was tried."""
    if notice.account_id is not None:
        return "they sign in by no app that can tell them"
    return "no app here sends SMS" if teller.phone else "they have no account, and no telephone of theirs is known"
