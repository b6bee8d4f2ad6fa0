"""How a front end opens something through Alipay. Pure; a query is encoded exactly once.

A mini-program's page reads its own query in ``onLoad``; what a link's ``query`` carries arrives in ``App.onLaunch`` and
``onShow`` only. The deep link's form is common knowledge and its https bridge unverified: try both on a phone first.
"""

from collections.abc import Mapping
from urllib.parse import quote, urlencode, urlsplit

from msgspec.structs import replace

from adapters.alipay.app import AlipayApp
from adapters.channel import Launch

_BRIDGE = "https://ds.alipay.com/?scheme="


def complete(app: AlipayApp, launch: Launch, query: Mapping[str, str]) -> Launch:
    """Add ``query`` and the app. ValueError for a target that this kind cannot open."""
    if launch.kind == "web_view":
        if urlsplit(launch.target).scheme != "https":
            raise ValueError("a web view opens https addresses only")
        return replace(launch, target=_with_query(launch.target, query))
    if "://" in launch.target or launch.target.startswith("/"):
        raise ValueError("a mini-program's page is a path without a leading slash")
    app_id = launch.app_id or app.app_id
    if launch.kind == "mini_program":
        return replace(launch, app_id=app_id, target=_with_query(launch.target, query))
    link = f"alipays://platformapi/startapp?appId={quote(app_id, safe='')}&page={quote(launch.target, safe='')}"
    if query:
        link += f"&query={quote(_encoded(query), safe='')}"
    return replace(launch, app_id=app_id, target=_BRIDGE + quote(link, safe="") if app.https_bridge else link)


def _with_query(target: str, query: Mapping[str, str]) -> str:
    if not query:
        return target
    before, mark, fragment = target.partition("#")
    return f"{before}{'&' if '?' in before else '?'}{_encoded(query)}{mark}{fragment}"


def _encoded(query: Mapping[str, str]) -> str:
    return urlencode(query, quote_via=quote)
