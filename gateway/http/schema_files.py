"""``/schema.graphql`` and ``/schema/<service>.graphql``: the graph as SDL, for code generators and editors.

Every service's part was printed when it was published; here the parts are only joined.
"""

import hashlib
import logging
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import msgspec
from graphql import GraphQLSchema, is_introspection_type, is_specified_scalar_type, print_type
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Stream

from gateway.http.conditional import is_known
from gateway.registry import LiveService, Registry, RegistryUnavailableError
from services_catalog.definitions import Definitions, unpack
from services_catalog.errors import UnknownServiceError
from services_catalog.reading.document import SERVICE, source
from supergraph.scalars import PLATFORM_SCALARS
from supergraph.sdl import DIRECTIVE_DEFINITIONS, definitions_of, whole

MEDIA_TYPE = "application/graphql; charset=utf-8"
_ROOTS = ("Query", "Mutation")
_AT_ONCE = 50  # services read from the database in one query

_log = logging.getLogger(__name__)

AnyRequest = Request[Any, Any, Any]


def schema_routes(registry: Registry, local: GraphQLSchema) -> list[HTTPRouteHandler]:
    """Return Litestar's handlers."""
    own, catalogue = _own_definitions(local), definitions_of(source())
    own_digest = hashlib.sha256("".join([*own.values(), *catalogue.values()]).encode()).hexdigest()[:8]

    @get("/schema/{file:str}")
    async def of_service(request: AnyRequest, file: FromPath[str]) -> Response[str]:
        """Return one service's part of the graph, complete by itself."""
        name = file.removesuffix(".graphql")
        service = registry.live(name)
        if service is None and name != SERVICE:
            raise UnknownServiceError(f"No service '{file}' is live", fix="/services lists those that are.")
        headers = {"etag": f'"{service.version}-{service.digest}"' if service else f'"{own_digest}"'}
        if is_known(request, headers["etag"]):
            return Response("", status_code=304, headers=headers)
        if service is None:
            return Response(whole(catalogue), media_type=MEDIA_TYPE, headers=headers)
        found = _definitions(service, await registry.sdl([service]))
        if found is None:
            raise RegistryUnavailableError(f"The schema of {service.name} cannot be read", fix="Publish it once more.")
        return Response(whole(found), media_type=MEDIA_TYPE, headers=headers)

    @get("/schema.graphql")
    async def of_all(request: AnyRequest) -> Response[Any]:
        """Return the whole graph, one service after the other."""
        headers = {"etag": f'"{registry.revision}-{own_digest}"'}
        if is_known(request, headers["etag"]):
            return Response("", status_code=304, headers=headers)
        services = [service for name in sorted(registry.names()) if (service := registry.live(name)) is not None]
        return Stream(_graph(registry, services, own, catalogue), media_type=MEDIA_TYPE, headers=headers)

    return [of_service, of_all]


async def _graph(
    registry: Registry, services: list[LiveService], own: Definitions, catalogue: Definitions
) -> AsyncIterator[str]:
    """Yield the platform's own part and its catalogue, then each service's as an extension of the root types."""
    yield "\n\n".join(own.values()) + "\n"
    known = set(own)
    yield "".join(_extension(catalogue, known))
    for start in range(0, len(services), _AT_ONCE):
        chosen = services[start : start + _AT_ONCE]
        try:
            stored = await registry.sdl(chosen)
        except RegistryUnavailableError:
            _log.exception("%d services are left out of the schema", len(chosen))
            stored = {}
        for service in chosen:
            definitions = _definitions(service, stored)
            if definitions is None:
                yield f"\n# {service.name} is left out: its schema cannot be read.\n"
            else:
                yield "".join(_extension(definitions, known))


def _extension(definitions: Definitions, known: set[str]) -> Iterator[str]:
    """Yield definitions to stand after those of other services; ``known`` are the shared types that are there."""
    for name, text in definitions.items():
        if name in _ROOTS:
            yield f"\n{'extend ' if name in known else ''}{text}\n"
            known.add(name)
        elif name not in known:
            yield f"\n{text}\n"


def _definitions(service: LiveService, stored: Mapping[str, bytes]) -> Definitions | None:
    """Unpack a service's definitions; None, and the log says why, if that cannot be done."""
    try:
        return unpack(stored[service.name])
    except (KeyError, zlib.error, msgspec.MsgspecError):
        _log.exception("version %d of %s has no schema that can be read", service.version, service.name)
        return None


def _own_definitions(local: GraphQLSchema) -> Definitions:
    """Return the platform's own types, and every scalar and directive that a service may use."""
    types = local.type_map | {name: type_ for name, type_ in PLATFORM_SCALARS.items() if name not in local.type_map}
    return {
        name: print_type(type_)
        for name, type_ in types.items()
        if not is_specified_scalar_type(type_) and not is_introspection_type(type_)
    } | DIRECTIVE_DEFINITIONS
