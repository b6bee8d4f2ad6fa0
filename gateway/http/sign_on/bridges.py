"""How a page in a web-view hands over to the mini-program that hosts it, at each host app.

``script`` is the host's own, ``name`` the object in it whose ``redirectTo`` opens a page of the mini-program. Of the
addresses and calls, docs/host_apps.md says which nobody has confirmed.
"""

from msgspec import Struct


class Bridge(Struct, frozen=True):
    """One host app's."""

    script: str
    name: str


BRIDGES = {
    "wechat": Bridge("https://res.wx.qq.com/open/js/jweixin-1.3.2.js", "wx.miniProgram"),
    "alipay": Bridge("https://appx/web-view.min.js", "my"),
    "baidu": Bridge("https://b.bdstatic.com/searchbox/icms/searchbox/js/swan-2.0.18.js", "swan.webView"),
}
