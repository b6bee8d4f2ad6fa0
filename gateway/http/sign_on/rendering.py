"""The sign-in pages as HTML: Jinja2 templates, in Chinese or English, with a strict content security policy."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Request, Response, get
from markupsafe import escape

from auth.consents.purposes import Purpose
from auth.provider.authorize import locale
from gateway.http.sign_on.errors_said import said
from gateway.http.sign_on.texts import TEXTS, Lang

AnyRequest = Request[Any, Any, Any]

LANGUAGE = "language"
"""Where a step keeps a request's language in its ASGI state, if the URL was not ours to choose."""

_FOLDER = Path(__file__).parent / "templates"
_STYLE = (_FOLDER / "style.css").read_text(encoding="utf-8")
_ICON = (_FOLDER / "favicon.svg").read_bytes()
_HEADER_END = "</header>"
_HEADERS = {  # no form-action: browsers hold redirects after a form to it too, and ours lead to sites and host apps
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; "
    "base-uri 'none'",
}


@get("/sign-in/style.css", sync_to_thread=False)
def stylesheet() -> Response[str]:
    """Return the pages' style."""
    return Response(_STYLE, media_type="text/css", headers={"cache-control": "public, max-age=3600"})


@get("/favicon.ico", sync_to_thread=False)
def icon() -> Response[bytes]:
    """Return the pages' icon, which browsers ask for without being told."""
    return Response(_ICON, media_type="image/svg+xml", headers={"cache-control": "public, max-age=86400"})


def language(request: AnyRequest) -> Lang:
    """Return a request's language: the resident's choice, the site's (``ui_locales``), else the browser's."""
    given = request.query_params
    said = given.get("lang") or request.scope["state"].get(LANGUAGE) or locale(given.get("ui_locales", ""))
    return "en" if (said or _preferred(request.headers.get("accept-language", ""))) == "en" else "zh"


def _preferred(accepted: str) -> str:
    """Return the language of ours that stands first in Accept-Language by its weights (RFC 9110 section 12.5.4)."""
    weighed = (each.partition(";") for each in accepted.split(","))
    wanted = sorted(((_weight(rest), tag) for tag, _, rest in weighed), key=lambda each: -each[0])
    return locale(" ".join(tag for weight, tag in wanted if weight > 0))


def _weight(parameters: str) -> float:
    try:
        return float(parameters.partition("q=")[2] or 1)
    except ValueError:
        return 0.0


def again(request: AnyRequest) -> str:
    """Return where a page is shown once more, to change its language.

    Empty where asking again does something, or would repeat what a site was refused for.
    """
    path = request.url.path
    if path == "/oauth/logout":
        rest = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
        return f"{path}?{urlencode(rest)}&" if rest else f"{path}?"
    step = re.match(r"/sign-in/(?!host/)[^/]+", path)
    return f"{step[0]}?" if step else ""


class Onward(NamedTuple):
    """A link that leads on from a page."""

    address: str
    text: str


# One for all that render, so that each template is compiled once.
_TEMPLATES = Environment(loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined)


class Renderer:
    """Renders the templates of this folder."""

    def page(self, lang: Lang, template: str, *, status: int = 200, script: str = "", **values: Any) -> Response[str]:
        """Return a page; ``script`` is the address of another's script that it may run beside our own.

        A page that asks for a ``passkey`` runs our own script. The page in the other language is the sign-in ``id``'s,
        unless ``address`` or ``again`` says where it is.
        """
        shown = values.get("address") or (f"/sign-in/{values['id']}?" if "id" in values else values.pop("again", ""))
        other = f"{shown}lang={'en' if lang == 'zh' else 'zh'}" if shown else ""
        text = _TEMPLATES.get_template(template).render(
            t=TEXTS[lang], lang=lang, other_lang=other, script=script, **values
        )
        headers = dict(_HEADERS)
        if script or values.get("passkey"):
            headers["content-security-policy"] += f"; script-src 'self' {script}".rstrip()
        return Response(text, status_code=status, media_type="text/html", headers=headers)

    def sign_in(self, lang: Lang, id_: str, notices: Sequence[Purpose], **shown: Any) -> Response[str]:
        """Return the first page, which says what signing in uses data for without asking (PIPL article 17)."""
        lines = [
            {
                "title": getattr(each.title, lang),
                "text": getattr(each.text, lang),
                "kept": TEXTS[lang].kept.format(days=each.retention.days),
            }
            for each in notices
        ]
        return self.page(lang, "sign_in.html", id=id_, lines=lines, **shown)

    def consent(self, lang: Lang, id_: str, client: str, scope: str) -> Response[str]:
        """Return the page that names each field and its purpose; the texts are ours, never the client's."""
        known = TEXTS[lang].fields
        lines = [{"field": known[each][0], "purpose": known[each][1]} for each in scope.split() if each in known]
        return self.page(lang, "consent.html", id=id_, client=client, lines=lines)

    def refusal(self, lang: Lang, code: str, *, status: int = 400, detail: str = "", again: str = "") -> Response[str]:
        """Return the page that ends a sign-in by an error; ``detail`` is for who mends it, in English."""
        text = said(code, lang)
        return self._message(lang, "cannot_go_on", status=status, code=code, said=text, detail=detail, again=again)

    def question(self, lang: Lang, heading: str, *, action: str, again: str = "", **fields: str) -> Response[str]:
        """Return a page that asks whether to go on, with ``confirm`` yes or no."""
        return self._message(lang, heading, action=action, fields=fields, again=again)

    def message(self, lang: Lang, heading: str, onward: Onward | None, *, again: str = "") -> Response[str]:
        """Return a page that says something, and where to go on from there."""
        return self._message(lang, heading, onward=onward, again=again)

    def _message(self, lang: Lang, heading: str, *, status: int = 200, **values: Any) -> Response[str]:
        known = TEXTS[lang]
        return self.page(
            lang,
            "message.html",
            status=status,
            heading=getattr(known, heading),
            button=known.change_account if heading == "other_account" else known.sign_out,
            **{"action": "", "code": "", "detail": "", "onward": None} | values,
        )

    @staticmethod
    def with_error(shown: Response[Any], lang: Lang, code: str) -> Response[Any]:
        """Return a page with what went wrong at its top."""
        if isinstance(shown.content, str) and _HEADER_END in shown.content:
            small = f"<small>{TEXTS[lang].error_code} <code>{code}</code></small>"
            text = f'<p class="error" role="alert">{escape(said(code, lang))} {small}</p>'
            shown.content = shown.content.replace(_HEADER_END, f"{_HEADER_END}\n{text}", 1)
            shown.status_code = 400
        return shown
