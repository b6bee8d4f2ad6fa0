"""What a site's box fetches, so that it decides without a network, and what it hands in afterwards: a day's log."""

from datetime import date

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler

from auth.provider.environment import Environment
from flows.parking.gathering import Deps
from flows.parking.site_logs.reconciling import hand_in
from flows.parking.site_logs.reporting import site_reports
from flows.parking.site_reading import snapshot
from gateway.errors import RequestError
from gateway.http.departments import AnyRequest, json
from gateway.http.parking.asking import Devices, speaker
from gateway.http.parking.paging import Page
from kernel.database import Database

_MOST_LOG_BYTES = 2**23  # a day of 40,000 passages


def site_routes(devices: Devices) -> list[HTTPRouteHandler]:
    """Return Litestar's handlers for devices."""

    @get("/parking/site/snapshot")
    async def site_snapshot(request: AnyRequest) -> Response[bytes]:
        """Tell a box all that it decides by, or with ``after`` what has changed since."""
        async with devices.asking(request) as (session, device):
            deps = Deps(session, devices.clock, devices.keys)
            found = await snapshot(deps, str(device.id), request.query_params.get("after", ""))
        return json(found)

    @post("/parking/site/logs", status_code=200, request_max_body_size=_MOST_LOG_BYTES)
    async def site_log(request: AnyRequest) -> Response[bytes]:
        """Take in a device's log of a day, whole or not at all."""
        async with devices.asking(request) as (session, device):
            taken = await hand_in(session, devices.clock, str(device.id), await request.body())
        return json(taken)

    return [site_snapshot, site_log]


def report_routes(database: Database, environment: Environment) -> list[HTTPRouteHandler]:
    """Return Litestar's handlers for operators' programs."""

    @get("/parking/site/reports")
    async def reports(request: AnyRequest) -> Response[bytes]:
        """List what the comparison of your sites' logs of a day found, else of the newest."""
        day = _day(request.query_params.get("day"))
        async with database.session() as session:
            who = await speaker(session, environment, request)
            found = await site_reports(session, day, who.operators)
        return json(Page([*found], None))

    return [reports]


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise RequestError(f"day is {text!r}", fix="Write it as 2026-11-02.") from error
