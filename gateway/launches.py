"""``catalog { launch }``: what the catalogue has decided, with what each host app's own adapter adds to it.

A link into a mini-program is made only where that needs no call to the host: WeChat counts them, and everybody may ask
here. A front end at WeChat calls ``wx.navigateToMiniProgram``.
"""

from collections.abc import Iterable, Mapping
from typing import get_args
from urllib.parse import parse_qsl, unquote

import msgspec
from msgspec.structs import replace

from adapters.channel import Channel, Provider
from adapters.channel import Launch as HostLaunch
from adapters.errors import LaunchRefusedError, NotOfferedError
from adapters.openings import opening
from kernel.clock import Clock
from services_catalog.entries.words import Host
from services_catalog.launching.choosing import Asked
from services_catalog.launching.ways import HostCall, Launch, Way
from services_catalog.reading.launches import launch
from services_catalog.reading.shelf import Shelf
from services_catalog.reading.wire import plain

PREFIX = "/launches/"
_WITHOUT_A_CALL: frozenset[Provider] = frozenset({"alipay", "baidu"})
_HOSTS: Mapping[str, Host] = {each: each for each in get_args(Host)}


class Launches:
    """The launches of one process; ``channels`` are its host apps."""

    def __init__(self, shelf: Shelf, clock: Clock, channels: Iterable[Channel]) -> None:
        self._shelf = shelf
        self._clock = clock
        self._linking: dict[str, Channel] = {}
        for channel in channels:
            if channel.provider in _WITHOUT_A_CALL:
                self._linking.setdefault(channel.provider, channel)

    async def answer(self, target: str) -> bytes:
        """Return the JSON at a target such as ``/launches/CODE?channel=wechat``. Raises CatalogueUnavailableError."""
        path, _, query = target.removeprefix(PREFIX).partition("?")
        given = dict(parse_qsl(query))
        asked = Asked(_HOSTS[given["channel"]], given.get("hostVersion", ""))
        found = await launch(self._shelf, self._clock.now(), unquote(path), asked)
        return b"null" if found is None else msgspec.json.encode(plain(await self._completed(found)))

    async def _completed(self, found: Launch) -> Launch:
        way = await self._with_call(found.way, found.channel) if found.way else None
        others = [await self._with_call(each, found.channel) for each in found.alternatives]
        return replace(found, way=way, alternatives=tuple(others))

    async def _with_call(self, way: Way, asking: Host) -> Way:
        """Add how to open a mini-program: a call where it is the asking host's, a link where it is another's."""
        if way.host is None or way.app_id is None or way.page is None:
            return way
        if way.host == asking:
            made = opening(way.host, way.app_id, way.page)
            return replace(way, call=HostCall(made.api, made.arguments)) if made else way
        return replace(way, link=await self._link(way.host, way.app_id, way.page))

    async def _link(self, host: Host, app_id: str, page: str) -> str | None:
        channel = self._linking.get(host)
        if channel is None:
            return None
        try:
            return (await channel.launch(HostLaunch("deep_link", page, app_id), {})).target
        except (LaunchRefusedError, NotOfferedError, ValueError):  # Alipay's adapter says it by a ValueError
            return None
