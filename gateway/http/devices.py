"""Requests that devices sign (docs/codes.md): who asks, in one transaction with what it asks for, and what it says."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

import msgspec
from litestar.exceptions import HTTPException
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.codes.device_auth import Door, verifier_of
from flows.codes.message_signatures import SignedRequest
from flows.codes.verifiers import Verifier
from gateway.errors import RequestError, RequestTooLargeError
from gateway.http.departments import AnyRequest
from gateway.http.refusing import in_words
from kernel.database import Database

MOST_BYTES = 2**20
_T = TypeVar("_T")


class DeviceDoor:
    """Lets devices in (``flows.codes.device_auth``)."""

    def __init__(self, database: Database, door: Door) -> None:
        self.database = database
        self.door = door

    @asynccontextmanager
    async def asking(self, request: AnyRequest) -> AsyncIterator[tuple[AsyncSession, Verifier]]:
        """One transaction of a device. Raises DeviceRefusedError, CodesUnavailableError, RequestTooLargeError."""
        signed = await _signed_request(request)
        async with self.database.session() as session:
            yield session, await verifier_of(session, self.door, signed)


def said(body: bytes, type_: type[_T], fix: str) -> _T:
    """Return what a device says. Raises RequestError."""
    try:
        return msgspec.json.decode(body, type=type_)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise RequestError(f"The body cannot be read: {in_words(error)}", fix=fix) from error


async def _signed_request(request: AnyRequest) -> SignedRequest:
    """Return a request as its signature is over it. Raises RequestTooLargeError."""
    try:
        body = await request.body()
    except HTTPException as error:
        raise RequestTooLargeError(f"The body is longer than {MOST_BYTES} bytes", fix="Send less at once.") from error
    path, query = request.scope["raw_path"].decode("latin-1"), request.scope["query_string"].decode("latin-1")
    headers = {name: ", ".join(request.headers.getall(name)) for name in request.headers}
    return SignedRequest(request.method, headers.get("host", ""), f"{path}?{query}" if query else path, headers, body)
