"""``/schema.graphql`` and ``/schema/<service>.graphql``: the graph as SDL, for code generators and editors."""

import asyncio
from collections.abc import AsyncIterator, Iterable

from graphql import GraphQLNamedType, GraphQLSchema, is_introspection_type, is_specified_scalar_type, print_type
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Stream

from gateway.registry import Registry
from kernel.errors import YiwangError
from supergraph.scalars import PLATFORM_SCALARS
from supergraph.scope import scoped_schema
from supergraph.types import SliceTypes

MEDIA_TYPE = "application/graphql; charset=utf-8"
_ROOTS = ("Query", "Mutation")


class UnknownServiceError(YiwangError):
    """No service of this name is live."""

    code = "SERVICE_NOT_FOUND"
    http_status = 404


def schema_routes(registry: Registry, local: GraphQLSchema) -> list[HTTPRouteHandler]:
    """Return Litestar's handlers."""

    @get("/schema/{file:str}")
    async def of_service(file: FromPath[str]) -> Response[str]:
        """Return one service's part of the graph, complete by itself."""
        service = registry.live(file.removesuffix(".graphql"))
        if service is None:
            raise UnknownServiceError(f"No service '{file}' is live", fix="/services lists those that are.")
        schema = scoped_schema([SliceTypes(await registry.slice(service))], None)
        return Response("\n\n".join(_printed(schema.type_map.values())) + "\n", media_type=MEDIA_TYPE)

    @get("/schema.graphql")
    async def of_all() -> Stream:
        """Return the whole graph, one service after the other."""
        return Stream(_whole(registry, local), media_type=MEDIA_TYPE)

    return [of_service, of_all]


async def _whole(registry: Registry, local: GraphQLSchema) -> AsyncIterator[str]:
    """Yield the platform's own part, then each service's as an extension of the root types.

    Other requests are served between two services: a thousand of them take seconds to print.
    """
    yield "\n\n".join(_printed(local.type_map.values())) + "\n"
    scalars = [type_ for name, type_ in PLATFORM_SCALARS.items() if name not in local.type_map]
    yield "".join(f"\n{print_type(type_)}\n" for type_ in scalars)
    known_roots = {root.name for root in (local.query_type, local.mutation_type) if root is not None}
    for name in sorted(registry.names()):
        service = registry.live(name)
        if service is None:
            continue
        schema = scoped_schema([SliceTypes(await registry.slice(service))], None)
        for type_ in schema.type_map.values():
            if type_.name in _ROOTS:
                extends = "extend " if type_.name in known_roots else ""
                known_roots.add(type_.name)
                yield f"\n{extends}{print_type(type_)}\n"
            elif type_.name not in PLATFORM_SCALARS and _is_own(type_):
                yield f"\n{print_type(type_)}\n"
        await asyncio.sleep(0)


def _printed(types: Iterable[GraphQLNamedType]) -> list[str]:
    return [print_type(type_) for type_ in types if _is_own(type_)]


def _is_own(type_: GraphQLNamedType) -> bool:
    return not is_specified_scalar_type(type_) and not is_introspection_type(type_)
