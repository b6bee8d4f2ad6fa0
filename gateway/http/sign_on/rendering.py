"""The sign-in pages as HTML: Jinja2 templates, in Chinese or English, with a strict content security policy."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Request, Response, get
from markupsafe import escape

from auth.consents.purposes import Purpose
from gateway.http.sign_on.errors_said import said
from gateway.http.sign_on.texts import TEXTS, Lang

AnyRequest = Request[Any, Any, Any]

LANGUAGE = "language"
"""Where a step keeps a request's language in its ASGI state, if the URL was not ours to choose."""

_FOLDER = Path(__file__).parent / "templates"
_STYLE = (_FOLDER / "style.css").read_text(encoding="utf-8")
_ERROR = "<!-- error -->"
_HEADERS = {  # no form-action: browsers hold redirects after a form to it too, and ours lead to sites and host apps
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "content-security-policy": "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'",
}


@get("/sign-in/style.css", sync_to_thread=False)
def stylesheet() -> Response[str]:
    """Return the pages' style."""
    return Response(_STYLE, media_type="text/css", headers={"cache-control": "public, max-age=3600"})


def language(request: AnyRequest) -> Lang:
    """Return the language of a request: what its URL says or a step has found out, else what the browser prefers."""
    said = request.query_params.get("lang") or request.scope["state"].get(LANGUAGE)
    asked = said or request.headers.get("accept-language", "zh")[:2]
    return "en" if asked == "en" else "zh"


# One for all that render, so that each template is compiled once.
_TEMPLATES = Environment(loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined)


class Renderer:
    """Renders the templates of this folder."""

    def page(self, lang: Lang, template: str, *, status: int = 200, script: str = "", **values: Any) -> Response[str]:
        """Return a page; ``script`` is the address of another's script that it may run beside our own.

        A page that asks for a ``passkey`` runs our own script. The page in the other language is the sign-in ``id``'s,
        unless ``address`` says where it is.
        """
        base = values.get("address") or (f"/sign-in/{values['id']}?" if "id" in values else "")
        other = f"{base}lang={'en' if lang == 'zh' else 'zh'}" if base else ""
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

    def refusal(self, lang: Lang, code: str, *, status: int = 400, detail: str = "") -> Response[str]:
        """Return the page that ends a sign-in by an error; ``detail`` is for who mends it, in English."""
        text = said(code, lang)
        return self._message(lang, "cannot_go_on", status=status, code=code, said=text, detail=detail)

    def message(self, lang: Lang, heading: str, *, action: str = "", **fields: str) -> Response[str]:
        """Return a page that says something, with a button if there is something to confirm."""
        return self._message(lang, heading, action=action, fields=fields)

    def _message(self, lang: Lang, heading: str, *, status: int = 200, **values: Any) -> Response[str]:
        known = TEXTS[lang]
        return self.page(
            lang,
            "message.html",
            status=status,
            heading=getattr(known, heading),
            button=known.change_account if heading == "other_account" else known.sign_out,
            **{"action": "", "code": "", "detail": ""} | values,
        )

    @staticmethod
    def with_error(shown: Response[Any], lang: Lang, code: str) -> Response[Any]:
        """Return a page with what went wrong at its top."""
        if isinstance(shown.content, str) and _ERROR in shown.content:
            small = f"<small>{TEXTS[lang].error_code} <code>{code}</code></small>"
            text = f'<p class="error" role="alert">{escape(said(code, lang))} {small}</p>'
            shown.content = shown.content.replace(_ERROR, text)
            shown.status_code = 400
        return shown
