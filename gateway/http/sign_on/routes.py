"""All routes of sign-on, for ``gateway.app``."""

from litestar.handlers import HTTPRouteHandler

from gateway.http.sign_on.hosts import Hosts, with_hosts
from gateway.http.sign_on.leaving import Leaving
from gateway.http.sign_on.own_passkeys import OwnPasskeys
from gateway.http.sign_on.pages import Pages
from gateway.http.sign_on.passkeys import Passkeys
from gateway.http.sign_on.programs import program_routes
from gateway.http.sign_on.proving import Proving
from gateway.http.sign_on.services import SignInServices
from schema.context import Platform


def sign_on_routes(platform: Platform, signed_in_by: SignInServices) -> list[HTTPRouteHandler]:
    """Return Litestar's handlers; host apps are ways in, too."""
    services = with_hosts(signed_in_by, platform)
    return [
        *program_routes(platform.database, platform.environment),
        *Pages(platform, services).routes(),
        *Proving(platform, services).routes(),
        *Passkeys(platform, services).routes(),
        *OwnPasskeys(platform, services).routes(),
        *Hosts(platform, services).routes(),
        *Leaving(platform).routes(),
    ]
