"""The sign-in pages as HTML: Jinja2 templates, in Chinese or English, with a strict content security policy."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Request, Response, get
from markupsafe import escape

from gateway.http.sign_on.texts import TEXTS, Lang

AnyRequest = Request[Any, Any, Any]

_FOLDER = Path(__file__).parent / "templates"
_STYLE = (_FOLDER / "style.css").read_text(encoding="utf-8")
_ERROR = "<!-- error -->"
_HEADERS = {
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
    """Return the language of a request: what its URL says, else what the browser prefers."""
    asked = request.query_params.get("lang") or request.headers.get("accept-language", "zh")[:2]
    return "en" if asked == "en" else "zh"


class Renderer:
    """Renders the templates of this folder."""

    def __init__(self) -> None:
        self._templates = Environment(loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined)

    def page(self, lang: Lang, template: str, *, status: int = 200, **values: Any) -> Response[str]:
        """Return a page."""
        other = f"?lang={'en' if lang == 'zh' else 'zh'}" if "id" in values else ""
        text = self._templates.get_template(template).render(t=TEXTS[lang], lang=lang, other_lang=other, **values)
        return Response(text, status_code=status, media_type="text/html", headers=dict(_HEADERS))

    def consent(self, lang: Lang, id_: str, client: str, scope: str) -> Response[str]:
        """Return the page that names each field and its purpose; the texts are ours, never the client's."""
        known = TEXTS[lang].fields
        lines = [{"field": known[each][0], "purpose": known[each][1]} for each in scope.split() if each in known]
        return self.page(lang, "consent.html", id=id_, client=client, lines=lines)

    def message(
        self, lang: Lang, heading: str, *texts: str, status: int = 200, action: str = "", **fields: str
    ) -> Response[str]:
        """Return a page that says something, with a button if there is something to confirm."""
        known = TEXTS[lang]
        return self.page(
            lang,
            "message.html",
            status=status,
            heading=getattr(known, heading),
            text=" ".join(filter(None, texts)),
            action=action,
            button=known.change_account if heading == "other_account" else known.sign_out,
            fields=fields,
        )

    @staticmethod
    def with_error(shown: Response[Any], said: str) -> Response[Any]:
        """Return a page with what went wrong at its top."""
        if isinstance(shown.content, str) and _ERROR in shown.content:
            shown.content = shown.content.replace(_ERROR, f'<p class="error" role="alert">{escape(said)}</p>')
            shown.status_code = 400
        return shown
