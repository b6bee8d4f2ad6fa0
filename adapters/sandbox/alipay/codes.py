"""Codes and links of the simulated Alipay: images to download, and what a scan or a tap opens."""

from collections.abc import Mapping
from io import BytesIO
from urllib.parse import parse_qs, urlencode, urlsplit

import segno

from adapters.sandbox.alipay import subcodes
from adapters.sandbox.alipay.console import Console
from adapters.sandbox.alipay.protocol import Call, Refusal
from adapters.sandbox.world import World

_SCANNED = "https://qr.alipay.com/"
_BRIDGE = ("https", "ds.alipay.com")


class Codes:
    """All codes that were made. The fault ``unavailable`` at ``alipay.qr`` makes an image's download fail."""

    def __init__(self, world: World, console: Console) -> None:
        self._world = world
        self._console = console
        self._made: dict[str, Mapping[str, str]] = {}

    def create(self, call: Call) -> Mapping[str, object]:
        """Answer ``alipay.open.app.qrcode.create``."""
        page = call.text("url_param")
        if call.app.pages and page not in call.app.pages:
            raise Refusal("40004", subcodes.PAGE_UNKNOWN)
        call.text("describe")
        name = self._world.token(16)
        self._made[name] = {"app_id": call.app.app_id, "page": page, "query": call.text("query_param")}
        url = f"{call.base}/qr/{name}.png"
        return {"qr_code_url": url, "qr_code_url_circle_blue": url, "qr_code_url_circle_white": url}

    def image(self, name: str) -> bytes | None:
        """Return the PNG; None if there is none. By a fault it is the error page that file servers like to give."""
        if name not in self._made:
            return None
        if self._world.take_fault("alipay.qr") == "unavailable":
            return b'{"error":"busy"}'
        image = BytesIO()
        segno.make(_SCANNED + name, micro=False).save(image, kind="png", scale=8)
        return image.getvalue()

    def scanned(self, text: str) -> Mapping[str, str] | None:
        """Return app, page and query: of a made code, a deep link, its https bridge, or a bound ordinary address."""
        parts = urlsplit(text)
        if text.startswith(_SCANNED):
            return self._made.get(text.removeprefix(_SCANNED))
        if (parts.scheme, parts.netloc) == _BRIDGE:
            return self.scanned(_one(parts.query, "scheme"))
        if parts.scheme == "alipays":
            app_id = _one(parts.query, "appId")
            launch = {"app_id": app_id, "page": _one(parts.query, "page"), "query": _one(parts.query, "query")}
            return launch if app_id in self._console.apps else None
        for app in self._console.apps.values():
            if any(text.startswith(rule) for rule in app.url_rules):
                return {"app_id": app.app_id, "page": "", "query": urlencode({"qrCode": text})}
        return None


def _one(query: str, name: str) -> str:
    return parse_qs(query).get(name, [""])[0]
