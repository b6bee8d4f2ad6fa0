"""What devices of lanes tell: gate events, vehicles that ask to leave, heartbeats."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from msgspec import Meta, Struct

from flows.parking.cds_events import record_cds
from flows.parking.errors import EventFieldError, TooManyEventsError
from flows.parking.gathering import Deps
from flows.parking.heartbeats import Heard, Heartbeat, heard
from flows.parking.pay_links import PayLink, pay_link
from flows.parking.recording import MOST, Answer, record
from flows.parking.session_tables import DecisionKind
from gateway.http.departments import AnyRequest, json
from gateway.http.devices import MOST_BYTES, said
from gateway.http.parking.asking import Devices

MOST_EVENTS = 2 * MOST


class EventAnswers(Struct, frozen=True):
    """What became of a batch, event by event in its order. ``now`` is the platform's time."""

    events: list[Answer]
    now: datetime


class ExitAnswer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the arm does. ``pay``: ``amount_fen`` is due, and ``pay`` says where the driver pays it."""

    event_id: str
    status: str
    decision: DecisionKind
    reason: str
    amount_fen: Annotated[int, Meta(ge=0)] = 0
    currency: str = "CNY"
    session_id: str = ""
    pay: PayLink | None = None


class _Asking(Struct):
    """What of an event matters here; the rest is for the recording to judge."""

    lane: Any = ""
    kind: Any = ""
    opened: Any = None


def event_routes(devices: Devices) -> list[HTTPRouteHandler]:
    """Return Litestar's handlers."""
    return [_events(devices), _exits(devices), _heartbeats(devices), _cds(devices)]


def _events(devices: Devices) -> HTTPRouteHandler:
    @post("/parking/events", status_code=200, request_max_body_size=MOST_BYTES)
    async def events(request: AnyRequest) -> Response[bytes]:
        """Record one gate event, or up to 1,000 that a device has kept.

        A batch goes in halves, each a transaction: what was recorded is a duplicate if the batch comes again.
        """
        async with devices.telling(request) as (deps, device_id, body):
            given = _given(body)
            answers = await record(deps.session, deps.clock, deps.keys, device_id, given[:MOST])
        if len(given) > MOST:
            async with devices.database.session() as session:
                answers += await record(session, devices.clock, devices.keys, device_id, given[MOST:])
        refused = all(answer.status == "refused" for answer in answers)
        status = HTTPStatus.UNPROCESSABLE_ENTITY if refused and answers else HTTPStatus.OK
        return json(EventAnswers(answers, devices.clock.now()), status)

    return events


def _exits(devices: Devices) -> HTTPRouteHandler:
    @post("/parking/exits", status_code=200, request_max_body_size=2**14)
    async def exits(request: AnyRequest) -> Response[bytes]:
        """Say what the arm does for a vehicle that stands at an exit."""
        async with devices.telling(request) as (deps, device_id, body):
            asking = _read(body, _Asking)
            if asking.kind != "exit" or asking.opened is not None:
                wrong = "opened" if asking.kind == "exit" else "kind"
                raise EventFieldError(wrong, "an exit that asks has the kind exit, and does not say that it opened")
            (answer,) = await record(deps.session, deps.clock, deps.keys, device_id, [body])
            if answer.status == "refused":
                raise EventFieldError(answer.field, answer.problem)
            return json(await _told(deps, devices.base, device_id, answer, asking.lane))

    return exits


def _heartbeats(devices: Devices) -> HTTPRouteHandler:
    @post("/parking/heartbeats", status_code=200, request_max_body_size=2**14)
    async def heartbeats(request: AnyRequest) -> Response[bytes]:
        """Note that a device is well, and tell it how far its clock is off."""
        async with devices.asking(request) as (session, device):
            told: Heard = await heard(session, devices.clock, str(device.id), _read(await request.body(), Heartbeat))
        return json(told)

    return heartbeats


def _cds(devices: Devices) -> HTTPRouteHandler:
    @post("/parking/cds/events", status_code=200, request_max_body_size=MOST_BYTES)
    async def cds(request: AnyRequest) -> Response[bytes]:
        """Record roadside events by the names of CDS, one or up to 500."""
        async with devices.telling(request) as (deps, device_id, body):
            answers = await record_cds(deps, device_id, _given(body))
        refused = all(answer.status == "refused" for answer in answers)
        status = HTTPStatus.UNPROCESSABLE_ENTITY if refused and answers else HTTPStatus.OK
        return json(EventAnswers(answers, devices.clock.now()), status)

    return cds


def _given(body: bytes) -> list[bytes]:
    """Split a body into events, without reading them: what is wrong with one concerns no other."""
    if not body.lstrip().startswith(b"["):
        return [body]
    given = [bytes(each) for each in _read(body, list[msgspec.Raw])]
    if len(given) > MOST_EVENTS:
        raise TooManyEventsError(
            f"{len(given)} events at once are too many", fix=f"Send up to {MOST_EVENTS} a request."
        )
    return given


async def _told(deps: Deps, base: str, device_id: str, answer: Answer, lane: str) -> ExitAnswer:
    decision, link = answer.decision, None
    if decision.kind == "pay":
        link = await pay_link(deps.session, deps.keys.cipher, base, device_id, lane)
    return ExitAnswer(
        event_id=answer.event_id,
        status=answer.status,
        decision=decision.kind,
        reason=decision.reason,
        amount_fen=decision.due_fen,
        session_id=answer.session_id,
        pay=link,
    )


def _read(body: bytes, type_: Any) -> Any:
    return said(body, type_, "docs/parking_operators.md has the fields.")
