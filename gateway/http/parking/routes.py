"""All routes of parking, for ``gateway.app``."""

from litestar.handlers import HTTPRouteHandler

from auth.provider.environment import Environment
from flows.codes.device_auth import Door
from flows.codes.places import base_url
from gateway.http.parking.asking import Devices
from gateway.http.parking.discounting import discount_routes
from gateway.http.parking.events import event_routes
from gateway.http.parking.open_data import open_data_routes
from gateway.http.parking.openapi import openapi_routes
from gateway.http.parking.operating import OperatorRoutes
from gateway.http.parking.site import report_routes, site_routes
from kernel.database import Database


def parking_routes(database: Database, environment: Environment) -> list[HTTPRouteHandler]:
    """Return Litestar's handlers."""
    door = Door(environment.redis, environment.keys.cipher, environment.clock)
    devices = Devices(database, door, environment.keys, base_url(environment.settings, environment.issuer))
    return [
        *event_routes(devices),
        *site_routes(devices),
        *report_routes(database, environment),
        *OperatorRoutes(database, environment).handlers(),
        *discount_routes(database, environment),
        *open_data_routes(database, environment.clock),
        *openapi_routes(environment.issuer),
    ]
