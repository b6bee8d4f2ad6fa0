"""What happens after a session's end, and after a site was told who somebody is.

Each relying party that a session signed its resident in to hears of its end once.

The first message finds the relying parties and sends one message each, in one transaction, so that a message which
arrives twice tells nobody twice. Should a worker die between a party's answer and its commit, the party hears the same
again with the same ``jti``.
"""

import logging
from datetime import timedelta

from msgspec import Struct
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.clients.tables import Client
from auth.issuer import issuer
from auth.keys.key_ring import load
from auth.provider import reads
from auth.provider.backchannel import logout_token, sign, subject_told
from auth.sessions.sessions import SESSION_ENDED, SessionEnded
from auth.sessions.tables import Session, TokenFamily
from auth.sessions.tasks import RECORD_EVERY, in_batches
from kernel.celery import TaskContext, consumer, periodic
from kernel.crypto.keys import open_keys
from kernel.networks import parse_networks
from kernel.outbox import send
from kernel.outside import Outside

LOGOUT_TOKEN = "auth.logout_token"  # noqa: S105 - the message's name
WAITS = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))
_SECONDS = 5.0
_log = logging.getLogger(__name__)


class LogoutDue(Struct, frozen=True):
    """One client is to be told of one session."""

    client_id: str
    sid: str


@periodic("auth.record_reads", RECORD_EVERY)
async def record_every_few_seconds(context: TaskContext) -> None:
    """Write to the audit log what sites were told."""
    await record_reads(context)


async def record_reads(context: TaskContext) -> None:
    """Write to the audit log what it does not have yet of what sites were told."""
    await in_batches(context, lambda session: reads.record(session, context.clock))


@consumer(SESSION_ENDED, SessionEnded)
async def find_relying_parties(session: AsyncSession, context: TaskContext, ended: SessionEnded) -> None:
    """Send one message for each client and sid, however many token families they had."""
    pairs = select(TokenFamily.client_id, TokenFamily.sid).join(
        Client, col(Client.client_id) == col(TokenFamily.client_id)
    )
    pairs = pairs.where(col(TokenFamily.sid).in_(ended.sids), Client.backchannel_logout_uri != "").distinct()
    for client_id, sid in (await session.exec(pairs)).all():
        send(session, context.clock, LOGOUT_TOKEN, LogoutDue(client_id, sid))


async def mark_unhealthy(session: AsyncSession, context: TaskContext, due: LogoutDue) -> None:
    """Note that a client has not heard of a logout; ``yiwang client list`` shows it."""
    client = await session.get(Client, due.client_id)
    if client is not None:
        client.backchannel_failed_at = context.clock.now()
        session.add(client)
        _log.error("a client hears of no logouts", extra={"client_id": due.client_id})


@consumer(LOGOUT_TOKEN, LogoutDue, waits=WAITS, given_up=mark_unhealthy)
async def tell(session: AsyncSession, context: TaskContext, due: LogoutDue) -> None:
    """Tell one client. A suspended one is told nothing. Raises OutsideFailedError and others of ``Outside``."""
    client, owner = await session.get(Client, due.client_id), await session.get(Session, due.sid)
    if client is None or owner is None or client.status != "active" or not client.backchannel_logout_uri:
        return
    now = context.clock.now()
    token = logout_token(
        client,
        issuer=issuer(context.settings),
        sid=due.sid,
        subject=await subject_told(session, client.sector, owner.account_id),
        jti=str(context.message_id),
        now=now,
    )
    signed = sign(token, client, await load(session, open_keys(context.settings).cipher, context.clock), now)
    outside = Outside(parse_networks(context.settings.upstream_networks), seconds=_SECONDS)
    await outside.post_form(client.backchannel_logout_uri, {"logout_token": signed})
    if client.backchannel_failed_at is not None:
        client.backchannel_failed_at = None
        session.add(client)
