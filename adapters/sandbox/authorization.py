"""A host's own sign-in page for browsers, simulated: it asks who is there, and whether they let the website know it."""

import html
from collections.abc import Callable, Collection, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from litestar import MediaType, Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from adapters.links import with_query
from adapters.sandbox.world import World

AnyRequest = Request[Any, Any, Any]


class Form(Struct, frozen=True, kw_only=True):
    """How one host's page is asked, and what it sends browsers back with."""

    path: str
    title: str
    app: str  # the parameter that names the app
    takes: Mapping[str, Collection[str]]  # the values that other parameters may have
    code: str = "code"  # what a code is called
    beside: Mapping[str, str] = {}  # what comes with a code
    refused: Mapping[str, str] = {}  # what comes instead of one


class AuthorizationPage:
    """One host's page.

    ``domains`` are those that an app may have browsers sent back to, none for an unknown app. ``give`` returns a code
    for an app, a resident and the address that it is sent to.
    """

    def __init__(
        self,
        world: World,
        form: Form,
        domains: Callable[[str], Collection[str]],
        give: Callable[[str, str, str], str],
    ) -> None:
        self._world = world
        self._form = form
        self._domains = domains
        self._give = give

    def routes(self) -> list[HTTPRouteHandler]:
        """Return Litestar's handlers: the page, and what is decided on it."""

        @get(self._form.path, sync_to_thread=False, include_in_schema=False)
        def page(request: AnyRequest) -> Response[str]:
            given = dict(request.query_params)
            return self._said(wrong, 400) if (wrong := self._wrong(given)) else self._shown(given)

        @post(self._form.path, include_in_schema=False)
        async def decide(request: AnyRequest) -> Response[str]:
            given = dict(request.query_params)
            resident = str((await request.form()).get("resident", ""))
            if wrong := self._wrong(given):
                return self._said(wrong, 400)
            back = {**self._answer(given, resident), "state": given.get("state", "")}
            location = with_query(given["redirect_uri"], {name: value for name, value in back.items() if value})
            return Response("", status_code=303, headers={"location": location})

        return [page, decide]

    def _answer(self, given: Mapping[str, str], resident: str) -> Mapping[str, str]:
        app = given[self._form.app]
        if resident not in self._world.residents:
            return self._form.refused
        return {self._form.code: self._give(app, resident, given["redirect_uri"]), **self._form.beside}

    def _wrong(self, given: Mapping[str, str]) -> str:
        """Return which parameter is wrong, empty if none is."""
        domains = self._domains(given.get(self._form.app, ""))
        if not domains:
            return self._form.app
        if urlsplit(given.get("redirect_uri", "")).hostname not in domains:
            return "redirect_uri"
        return next((name for name, values in self._form.takes.items() if given.get(name) not in values), "")

    def _shown(self, given: Mapping[str, str]) -> Response[str]:
        allow = "".join(
            f'<p><button name="resident" value="{html.escape(key)}">{html.escape(each.name)}：同意 / Allow</button>'
            for key, each in self._world.residents.items()
        )
        action = html.escape(f"{self._form.path}?{urlencode(given)}")
        buttons = f"{allow}<p><button>拒绝 / Refuse</button>"
        app = html.escape(given[self._form.app])
        asks = f"<p>模拟页面：应用 {app} 想知道您是谁。</p><p lang=en>Simulated: app {app} asks who you are.</p>"
        return self._page(f'{asks}<form method="post" action="{action}">{buttons}</form>')

    def _said(self, wrong: str, status: int) -> Response[str]:
        return self._page(f"<p>{html.escape(wrong)} 参数错误 / is wrong", status)

    def _page(self, content: str, status: int = 200) -> Response[str]:
        head = (
            '<!doctype html><html lang="zh"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f'<link rel="stylesheet" href="/static/sandbox.css"><title>{self._form.title}</title>'
        )
        body = f'<header><h1>{self._form.title}</h1></header><main><div class="card">{content}</div></main>'
        return Response(head + body, status_code=status, media_type=MediaType.HTML)
