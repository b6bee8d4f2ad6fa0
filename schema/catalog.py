"""``Query.catalog``: what is live, from the gateway's own memory."""

from bisect import bisect_right
from typing import Annotated

import strawberry

from auth.policies import PUBLIC
from schema.context import Info, LiveService

POLICIES = {"Catalog": PUBLIC, "CatalogService": PUBLIC, "LocalizedText": PUBLIC}

_MOST = 1000  # services in one answer; the catalogue's search will page by relevance


@strawberry.type(description="A text in the languages that the platform speaks.")
class LocalizedText:
    """A text in each language."""

    zh: str
    en: str


@strawberry.type(description="A department's service that is live in the graph.")
class CatalogService:
    """A live service."""

    name: str = strawberry.field(description="Its field in Query and Mutation.")
    department: str = strawberry.field(description="The name of the department that publishes it.")
    title: LocalizedText
    description: LocalizedText | None
    version: int = strawberry.field(description="The number of the version that is live.")


@strawberry.type(description="What departments offer.")
class Catalog:
    """The field's resolvers."""

    @strawberry.field(description="The live services by name.")  # type: ignore[untyped-decorator]  # strawberry's
    def services(
        self,
        info: Info,
        first: Annotated[int, strawberry.argument(description="At most so many, up to 1000.")] = 100,
        after: Annotated[str, strawberry.argument(description="Those whose names come after this one.")] = "",
    ) -> list[CatalogService]:
        known = info.context.platform.services
        names = sorted(known.names())
        start = bisect_right(names, after)
        chosen = names[start : start + max(0, min(first, _MOST))]
        return [_shown(service) for name in chosen if (service := known.live(name)) is not None]

    @strawberry.field(description="One live service, null if there is none of this name.")  # type: ignore[untyped-decorator]  # strawberry's
    def service(self, info: Info, name: str) -> CatalogService | None:
        service = info.context.platform.services.live(name)
        return None if service is None else _shown(service)


def _shown(service: LiveService) -> CatalogService:
    about = service.description
    return CatalogService(
        name=service.name,
        department=service.department,
        title=LocalizedText(zh=service.title.zh, en=service.title.en),
        description=None if about is None else LocalizedText(zh=about.zh, en=about.en),
        version=service.version,
    )
