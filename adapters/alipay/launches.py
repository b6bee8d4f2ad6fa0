"""How a front end opens something through Alipay. Pure; a query is encoded exactly once.

A mini-program's page reads its own query in ``onLoad``; what a link's ``query`` carries arrives in ``App.onLaunch`` and
``onShow`` only. The deep link's form is common knowledge and its https bridge unverified: try both on a phone first.
"""

from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from msgspec.structs import replace

from adapters.alipay.app import AlipayApp
from adapters.channel import Launch
from adapters.links import encoded, with_query

_BRIDGE = "https://ds.alipay.com/?scheme="


def complete(app: AlipayApp, launch: Launch, query: Mapping[str, str]) -> Launch:
    """Add ``query`` and the app. ValueError for a target that this kind cannot open."""
    if launch.kind == "web_view":
        if urlsplit(launch.target).scheme != "https":
            raise ValueError("a web view opens https addresses only")
        return replace(launch, target=with_query(launch.target, query))
    if "://" in launch.target or launch.target.startswith("/"):
        raise ValueError("a mini-program's page is a path without a leading slash")
    app_id = launch.app_id or app.app_id
    if launch.kind == "mini_program":
        return replace(launch, app_id=app_id, target=with_query(launch.target, query))
    link = f"alipays://platformapi/startapp?appId={quote(app_id, safe='')}&page={quote(launch.target, safe='')}"
    if query:
        link += f"&query={quote(encoded(query), safe='')}"
    return replace(launch, app_id=app_id, target=_BRIDGE + quote(link, safe="") if app.https_bridge else link)
