"""``/p/…``: the page that a camera opens when it scans a sticker. What it shows is to be compared with the place.

It has no payment: money is paid in the host apps' wallets. A code that is not ours is answered with how to report it.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, StrictUndefined
from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from auth.residents.attempts import Limit, attempt
from flows.codes.desk import Desk
from flows.codes.distance import Position, position_of
from flows.codes.places import Standing, reported, standing
from gateway.http.departments import AnyRequest
from gateway.http.framing import framing
from gateway.http.place_texts import TEXTS, Lang, PlaceTexts
from gateway.http.sign_on.rendering import language
from gateway.http.sign_on.requesters import Requesters
from kernel.database import Database

_HEADERS = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
_POLICY = "default-src 'none'; style-src 'self'; img-src https:; form-action 'self'; base-uri 'none'"
_TEMPLATE = Environment(autoescape=True, undefined=StrictUndefined).from_string(
    (Path(__file__).parent / "place.html").read_text(encoding="utf-8")
)
_REPORTS = Limit("place reports", 20, 3600)  # of one network address: enough for a street of forged stickers
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class PlaceRoutes:
    """The handlers, with what they need."""

    def __init__(self, database: Database, desk: Desk, requesters: Requesters, framed_by: Sequence[str] = ()) -> None:
        self._database = database
        self._desk = desk
        self._requesters = requesters
        self._headers = {**_HEADERS, **framing(_POLICY, framed_by)}

    def handlers(self) -> list[HTTPRouteHandler]:
        """Return Litestar's handlers; what is printed is in upper case, and people type it as they like."""

        @get(["/p/{scanned:str}", "/P/{scanned:str}"])
        async def page(request: AnyRequest, scanned: FromPath[str]) -> Response[str]:
            async with self._database.session() as session:
                found = await standing(session, self._desk.cipher, scanned, _where(request))
            return _page(language(request), scanned, found, self._headers)

        @post("/p/{scanned:str}/report", status_code=200)
        async def report(request: AnyRequest, scanned: FromPath[str]) -> Response[str]:
            await attempt(self._desk.redis, _REPORTS, self._requesters.of(request))
            given = str((await request.form()).get("request_id", ""))
            request_id = given if _ID.fullmatch(given) else secrets.token_urlsafe(16)
            async with self._database.session() as session:
                await reported(session, self._desk.clock, scanned, request_id)
            return _page(language(request), scanned, Standing("reported"), self._headers)

        return [page, report]


def _page(lang: Lang, scanned: str, found: Standing, headers: Mapping[str, str]) -> Response[str]:
    texts = TEXTS[lang]
    shown = _TEMPLATE.render(
        lang=lang,
        t=texts,
        heading=getattr(texts, found.answer),
        more=_more(texts, found),
        answer=found.answer,
        row=found.row,
        scanned=quote(scanned, safe=""),
        request_id=secrets.token_urlsafe(16),
    )
    return Response(shown, media_type="text/html", headers=headers)


def _more(texts: PlaceTexts, found: Standing) -> str:
    if found.answer == "retired" and found.row is not None and found.row.kind == "counter":
        return texts.retired_hall
    if found.answer != "valid":
        return str(getattr(texts, f"{found.answer}_more"))
    return texts.far.format(metres=found.metres) if found.is_far else ""


def _where(request: AnyRequest) -> Position | None:
    """Return where the phone says that it is: ``lat`` and ``lon``, which an app adds."""
    given: Any = request.query_params
    try:
        return position_of(float(given.get("lat", "")), float(given.get("lon", "")))
    except ValueError:
        return None
