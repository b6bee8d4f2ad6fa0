"""The provider's endpoints for programs; what they do is in ``auth.provider``."""

from typing import Any

from litestar import Request, Response, get, route
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler

from auth.provider import endpoints
from auth.provider.discovery import configuration
from auth.provider.environment import Environment
from auth.provider.requests import ProviderRequest, read_form, read_query
from gateway.http.sign_on.answers import response
from kernel.database import Database

AnyRequest = Request[Any, Any, Any]

_JWKS_SECONDS = 300  # half the time that a new key is published before it signs (auth.keys.key_ring)
_MOST_BYTES = 64 * 1024


def program_routes(database: Database, environment: Environment) -> list[HTTPRouteHandler]:
    """Return Litestar's handlers."""

    @get(["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"], sync_to_thread=False)
    def discovery() -> Response[dict[str, Any]]:
        """Say what the provider can do."""
        return Response(configuration(environment.issuer), headers={"cache-control": "public, max-age=300"})

    @get("/oauth/jwks", sync_to_thread=False)
    def jwks() -> Response[dict[str, Any]]:
        """Return the public keys that verify what the platform signs."""
        keys = environment.ring().jwks(environment.clock.now())
        return Response(keys, headers={"cache-control": f"public, max-age={_JWKS_SECONDS}"})

    def endpoint(path: str, work: endpoints.Endpoint, *methods: HttpMethod) -> HTTPRouteHandler:
        @route(path, http_method=list(methods or (HttpMethod.POST,)), name=path, request_max_body_size=_MOST_BYTES)
        async def answer(request: AnyRequest) -> Response[Any]:
            given = await provider_request(request, environment)
            return response(await endpoints.answered(database, environment, work, given))

        return answer

    return [
        discovery,
        jwks,
        endpoint("/oauth/token", endpoints.token),
        endpoint("/oauth/par", endpoints.push),
        endpoint("/oauth/introspect", endpoints.introspect),
        endpoint("/oauth/revoke", endpoints.revoke),
        endpoint("/oauth/userinfo", endpoints.userinfo, HttpMethod.GET, HttpMethod.POST),
    ]


async def provider_request(request: AnyRequest, environment: Environment, *, url_too: bool = False) -> ProviderRequest:
    """Return a request as the provider reads it; parameters come from the body alone unless the URL's count too."""
    pairs = read_query(request.scope["query_string"]) if url_too else []
    if request.method == "POST":
        pairs += read_form(await request.body(), request.headers.get("content-type", ""))
    headers = {name: ", ".join(request.headers.getall(name)) for name in request.headers}  # a proof sent twice shows
    return ProviderRequest(request.method, request.url.path, environment.issuer, headers, pairs)
