"""What a site's box fetches, so that it decides without a network (``flows.parking.site_snapshot``)."""

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from flows.parking.gathering import Deps
from flows.parking.site_reading import snapshot
from gateway.http.departments import AnyRequest, json
from gateway.http.parking.asking import Devices


def site_routes(devices: Devices) -> list[HTTPRouteHandler]:
    """Return Litestar's handlers."""

    @get("/parking/site/snapshot")
    async def site_snapshot(request: AnyRequest) -> Response[bytes]:
        """Tell a box all that it decides by, or with ``after`` what has changed since."""
        async with devices.asking(request) as (session, device):
            deps = Deps(session, devices.clock, devices.keys)
            found = await snapshot(deps, str(device.id), request.query_params.get("after", ""))
        return json(found)

    return [site_snapshot]
