"""``POST /documents``: a front-end team registers the documents of its app's release, for a change to be judged by."""

import logging
from typing import Annotated

from graphql import GraphQLError, OperationDefinitionNode, parse
from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from msgspec import Meta, Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.clients.tables import Client
from auth.credentials import Publisher, authenticate
from gateway.http.departments import MAX_BODY_BYTES, REFUSALS, AnyRequest, body, json
from gateway.pipeline.plan import Planner
from gateway.pipeline.read_request import GraphQLRequest
from kernel.audit.entries import Event, append
from kernel.clock import Clock
from kernel.database import Database
from kernel.settings import Settings
from services_catalog.errors import DocumentsRefusedError, NotYourClientError
from services_catalog.usage.recording import Text
from services_catalog.usage.registering import register, team_of
from supergraph.findings import Finding
from supergraph.recorded_text import digest, without_values

_MOST = 2_000  # documents of one app's release

_log = logging.getLogger(__name__)


class NamedDocument(Struct, frozen=True, forbid_unknown_fields=True):
    """A document, and the name of its file, for messages."""

    name: Annotated[str, Meta(max_length=500)]
    text: str


class Registration(Struct, frozen=True, forbid_unknown_fields=True):
    """Which app has these documents; ``replace``: and no others."""

    client: Annotated[str, Meta(min_length=1, max_length=100)]
    documents: Annotated[list[NamedDocument], Meta(min_length=1, max_length=_MOST)]
    replace: bool = False


class Registered(Struct, frozen=True):
    """What is registered now: each file's digest, and the services that all of them touch."""

    client: str
    documents: dict[str, str]
    services: list[str]


def document_routes(database: Database, planner: Planner, clock: Clock, settings: Settings) -> list[HTTPRouteHandler]:
    """Return Litestar's handlers."""

    @post("/documents", status_code=200, request_max_body_size=MAX_BODY_BYTES, exception_handlers=REFUSALS)
    async def documents(request: AnyRequest) -> Response[bytes]:
        async with database.session() as session:
            publisher = await authenticate(session, clock, request.headers.get("authorization", ""))
        wanted = await body(request, Registration)
        async with database.session() as session:
            await _check_client(session, publisher, wanted.client)
        texts = await _checked(planner, wanted.documents, settings.max_document_tokens)
        async with database.session() as session:
            await register(session, clock.now(), wanted.client, list(texts.values()), replace=wanted.replace)
            await append(session, clock, _event(publisher, wanted))
        touched = sorted({service for text in texts.values() for service in text.services})
        _log.info("documents", extra={"client": wanted.client, "key_id": publisher.key_id, "documents": len(texts)})
        return json(Registered(wanted.client, {name: text.sha256 for name, text in texts.items()}, touched))

    return [documents]


async def _check_client(session: AsyncSession, publisher: Publisher, client_id: str) -> None:
    """Let a department register for its own sites, and for apps of the city's own that are entrusted to it."""
    client = await session.get(Client, client_id)
    if client is None or publisher.department not in (client.department, await team_of(session, client_id)):
        raise NotYourClientError(
            f"The app {client_id!r} is not known as one of {publisher.department}",
            fix="`yiwang client list` shows the apps; the operator entrusts one of the city's own to a department by "
            "`yiwang documents entrust`.",
        )


async def _checked(planner: Planner, documents: list[NamedDocument], max_tokens: int) -> dict[str, Text]:
    """Return what is kept of each file. Raises DocumentsRefusedError with the errors of every one that does not fit."""
    kept: dict[str, Text] = {}
    findings: list[Finding] = []
    for each in documents:
        try:
            parsed = parse(each.text, max_tokens=max_tokens)
        except GraphQLError as error:
            findings.append(_finding(each.name, error))
            continue
        operations = [item.name for item in parsed.definitions if isinstance(item, OperationDefinitionNode)]
        first = next((name.value for name in operations if name), None)
        planned = await planner.plan(GraphQLRequest(each.text, first))
        findings += [_finding(each.name, error) for error in planned.errors]
        text = without_values(each.text)
        kept[each.name] = Text(digest(text), text, planned.sent.services if planned.sent else ())
    if findings:
        raise DocumentsRefusedError(findings)
    return kept


def _finding(name: str, error: GraphQLError) -> Finding:
    where = error.locations[0] if error.locations else None
    pointer = f"{name}:{where.line}:{where.column}" if where else name
    return Finding("error", pointer, error.message, "Mend the document; /schema.graphql has what is live.")


def _event(publisher: Publisher, wanted: Registration) -> Event:
    return Event(
        actor=f"credential:{publisher.key_id}",
        on_behalf_of=f"department:{publisher.department}",
        action="documents.registered",
        object=f"client:{wanted.client}",
        details={"documents": len(wanted.documents), "replaced": wanted.replace},
    )
