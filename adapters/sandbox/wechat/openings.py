"""Mini-codes and links that open a mini-program, and what a phone makes of them."""

import io
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import segno
from msgspec import Struct

from adapters.sandbox.wechat.apps import Refusal, SimulatedApp
from adapters.sandbox.wechat.quotas import Quotas
from adapters.sandbox.world import World

_MOST_LIFE = timedelta(days=30)
_SCENE = re.compile(r"[0-9A-Za-z!#$'()*+,/:;=?@._~-]+")  # without "&": documented, and refused in practice
_QUERY = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@._~%-]{0,1024}")
_CODE_TEXT = re.compile(r"wxcode:([^/]+)/([^?]*)\?(.+)")
_LINK_TEXT = re.compile(r"(?:https://wxaurl\.cn/|weixin://dl/business/\?t=)([A-Za-z0-9]+)")
_LINK_SIGNS = 11


class _Opening(Struct, frozen=True):
    app_id: str
    path: str
    query: str
    ends: datetime


class Openings:
    """All codes and links. A code's text says what it opens; a link is remembered."""

    def __init__(self, world: World, quotas: Quotas) -> None:
        self._world = world
        self._quotas = quotas
        self._links: dict[str, _Opening] = {}

    def code(self, app: SimulatedApp, content: Mapping[str, Any]) -> bytes:
        """Answer getwxacodeunlimit with a PNG (a plain QR code where WeChat draws its own kind)."""
        self._quotas.take("code", app.app_id)
        scene, page = content.get("scene"), content.get("page", "")
        if not isinstance(scene, str) or not 1 <= len(scene) <= 32:
            raise Refusal(40169, "invalid length for scene, or the data is not json string")
        if not _SCENE.fullmatch(scene):
            raise Refusal(40129, "invalid scene")
        if page and content.get("check_path", True) and page not in app.pages:
            raise Refusal(41030, "invalid page")
        drawn = io.BytesIO()
        made = segno.make(f"wxcode:{app.app_id}/{page}?{scene}", micro=False)
        made.save(drawn, kind="png", scale=max(1, int(content.get("width", 430)) // made.symbol_size()[0]))
        return drawn.getvalue()

    def url_link(self, app: SimulatedApp, content: Mapping[str, Any]) -> dict[str, Any]:
        """Answer generate_urllink."""
        return {"errcode": 0, "errmsg": "ok", "url_link": f"https://wxaurl.cn/{self._remember(app, content, content)}"}

    def scheme(self, app: SimulatedApp, content: Mapping[str, Any]) -> dict[str, Any]:
        """Answer generatescheme; its body is a guess, see ``WeChatClient.url_scheme``."""
        jump = content.get("jump_wxa")
        ticket = self._remember(app, jump if isinstance(jump, dict) else {}, content)
        return {"errcode": 0, "errmsg": "ok", "openlink": f"weixin://dl/business/?t={ticket}"}

    def scanned(self, text: str) -> Mapping[str, str] | None:
        """Return the launch options of a code's or link's text.

        A link opens for 30 days even if it was to end before: that has been seen at WeChat.
        """
        if (code := _CODE_TEXT.fullmatch(text)) is not None:
            return {"app_id": code[1], "path": code[2], "query": f"scene={quote(code[3], safe='')}", "scene": "1047"}
        link = _LINK_TEXT.fullmatch(text)
        opening = self._links.get(link[1]) if link else None
        if opening is None or self._world.clock.now() > opening.ends:
            return None
        return {"app_id": opening.app_id, "path": opening.path, "query": opening.query}

    def _remember(self, app: SimulatedApp, jump: Mapping[str, Any], life: Mapping[str, Any]) -> str:
        """Check and keep a link. The codes of these refusals are common knowledge, not confirmed by a page read."""
        self._quotas.take("link", app.app_id)
        path, query = str(jump.get("path", "")), str(jump.get("query", ""))
        if path and path not in app.pages:
            raise Refusal(40165, "invalid weapp pagepath")
        if not _QUERY.fullmatch(query):
            raise Refusal(40212, "invalid query")
        now = self._world.clock.now()
        if life.get("expire_type") == 1:
            asked = timedelta(days=int(life.get("expire_interval", 0)))
        else:
            asked = timedelta(seconds=int(life.get("expire_time", 0)) - now.timestamp())
        if not timedelta(0) < asked <= _MOST_LIFE:
            raise Refusal(85401, "invalid expire_time")
        ticket = self._world.token(_LINK_SIGNS)
        self._links[ticket] = _Opening(app.app_id, path.removeprefix("/"), query, now + _MOST_LIFE)
        return ticket
