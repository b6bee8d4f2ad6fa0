"""``/callbacks/payments/{app}``: where host apps tell of payments. One address an app, no query, no redirect.

The raw bytes are verified, nothing else is believed; the answer is the host's own words, within its deadline.
"""

import asyncio
import logging
from collections.abc import Mapping

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from adapters import replies
from adapters.channel import Callback, Channel
from adapters.replies import Reply
from flows.payments.callbacks import take
from gateway.http.routes import AnyRequest
from kernel.clock import Clock
from kernel.crypto.fields import FieldCipher
from kernel.database import Database
from kernel.errors import YiwangError

MOST_BYTES = 64 * 2**10  # the hosts' notices have some kilobytes

_log = logging.getLogger(__name__)


class PaymentCallbacks:
    """The handler, with what it needs."""

    def __init__(self, database: Database, clock: Clock, cipher: FieldCipher, channels: Mapping[str, Channel]) -> None:
        self._database = database
        self._clock = clock
        self._cipher = cipher
        self._channels = channels

    def handlers(self) -> list[HTTPRouteHandler]:
        """Return Litestar's handlers."""

        @post("/callbacks/payments/{app_id:str}", request_max_body_size=MOST_BYTES)
        async def callback(request: AnyRequest, app_id: FromPath[str]) -> Response[bytes]:
            channel = self._channels.get(app_id)
            refused = replies.unverified(channel.provider) if channel else None
            if channel is None or refused is None:
                return Response(b"", status_code=404)
            reply = await self._answer(request, channel, refused)
            return Response(reply.body, status_code=reply.status, media_type=reply.media_type)

        return [callback]

    async def _answer(self, request: AnyRequest, channel: Channel, refused: Reply) -> Reply:
        body = await request.body()
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            callback = channel.read_callback(headers, dict(request.query_params), body)
        except YiwangError as error:
            said = {"app": channel.app_id, "bytes": len(body), "reason": error.message}
            _log.warning("a callback is refused", extra=said)
            return refused
        accepted = Reply(200, callback.reply, callback.reply_type)
        try:
            async with asyncio.timeout(replies.deadline_seconds(channel.provider) - 1):
                await self._take(channel.app_id, callback, body)
        except Exception as error:  # noqa: BLE001 - whatever fails here, some hosts must not hear of it
            said = {"app": channel.app_id, "message_id": callback.message_id, "reason": type(error).__name__}
            _log.exception("a callback could not be stored: a query will find what it said", extra=said)
            return replies.later(channel.provider, accepted)
        return accepted

    async def _take(self, app_id: str, callback: Callback, body: bytes) -> None:
        async with self._database.session() as session:
            outcome = await take(session, self._clock, self._cipher, app_id, (callback, body))
        said = {"app": app_id, "message_id": callback.message_id, "outcome": outcome.said}
        _log.log(logging.WARNING if outcome.odd else logging.INFO, "took a callback", extra=said)
