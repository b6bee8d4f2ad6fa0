"""What hosts' callbacks have in common: one address an app, no query, no redirect.

The raw bytes are verified, nothing else is believed; the answer is the host's own words, within its deadline.
"""

import asyncio
import logging
from abc import abstractmethod
from collections.abc import Mapping
from typing import Generic, Protocol, TypeVar

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from adapters import replies
from adapters.channel import Provider
from adapters.replies import Reply
from flows.payments.callbacks import Outcome
from gateway.http.routes import AnyRequest
from kernel.errors import YiwangError

MOST_BYTES = 64 * 2**10  # the hosts' notices have some kilobytes

_log = logging.getLogger(__name__)


class Message(Protocol):
    """A verified message, and what to answer it with."""

    @property
    def message_id(self) -> str: ...
    @property
    def reply(self) -> bytes: ...
    @property
    def reply_type(self) -> str: ...


_Message = TypeVar("_Message", bound=Message)
_Read_co = TypeVar("_Read_co", bound=Message, covariant=True)


class Reader(Protocol[_Read_co]):
    """What verifies an app's messages."""

    provider: Provider

    def read_callback(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> _Read_co: ...


class HostCallbacks(Generic[_Message]):
    """The handler at ``path``; ``readers`` are by app id."""

    path: str

    def __init__(self, readers: Mapping[str, Reader[_Message]]) -> None:
        self._readers = readers

    @abstractmethod
    async def take(self, app_id: str, message: _Message, body: bytes) -> Outcome:
        """Do what a message means, in one transaction."""

    def handlers(self) -> list[HTTPRouteHandler]:
        """Return Litestar's handlers."""

        @post(f"{self.path}/{{app_id:str}}", request_max_body_size=MOST_BYTES)
        async def callback(request: AnyRequest, app_id: FromPath[str]) -> Response[bytes]:
            reader = self._readers.get(app_id)
            refused = replies.unverified(reader.provider) if reader else None
            if reader is None or refused is None:
                return Response(b"", status_code=404)
            reply = await self._answer(request, app_id, reader, refused)
            return Response(reply.body, status_code=reply.status, media_type=reply.media_type)

        return [callback]

    async def _answer(self, request: AnyRequest, app_id: str, reader: Reader[_Message], refused: Reply) -> Reply:
        body = await request.body()
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            message = reader.read_callback(headers, dict(request.query_params), body)
        except YiwangError as error:
            _log.warning("a callback is refused", extra={"app": app_id, "bytes": len(body), "reason": error.message})
            return refused
        accepted = Reply(200, message.reply, message.reply_type)
        said = {"app": app_id, "message_id": message.message_id}
        try:
            async with asyncio.timeout(replies.deadline_seconds(reader.provider) - 1):
                outcome = await self.take(app_id, message, body)
        except Exception as error:  # noqa: BLE001 - whatever fails here, some hosts must not hear of it
            reason = {"reason": type(error).__name__}
            _log.exception("a callback could not be stored: a query will find what it said", extra=said | reason)
            return replies.later(reader.provider, accepted)
        level = logging.WARNING if outcome.odd else logging.INFO
        _log.log(level, "took a callback", extra=said | {"outcome": outcome.said})
        return accepted
