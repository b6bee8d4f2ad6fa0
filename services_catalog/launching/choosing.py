"""Which way a host app opens a service, and which are left if it cannot. Pure.

What stays in the front end comes first: a flow of the platform's, a form over the graph; then the mini-program at this
host, then a page. The alternatives are in the order in which they cost residents more: another host's mini-program, a
browser, an app, a trip, a call, a letter.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

from services_catalog.entries.bindings import Binding
from services_catalog.entries.channels import Channel
from services_catalog.entries.fields import Fields
from services_catalog.entries.words import ChannelKind, Host
from services_catalog.launching.versions import older
from services_catalog.launching.ways import Launch, Obstacle, Way

_AFTER: tuple[ChannelKind, ...] = ("window", "kiosk", "hotline", "post")


class Asked(NamedTuple):
    """Which host app asks; ``version`` is its own, empty: not said."""

    host: Host
    version: str = ""


def choose(code: str, fields: Fields, asked: Asked) -> Launch:
    """Return what opens a public service that works, by its effective fields."""
    least = (fields.host_requirements or {}).get(asked.host)
    too_old = least is not None and older(asked.version, least)
    here, elsewhere = [*_here(fields, asked.host)], [*_elsewhere(fields, asked.host)]
    way = here[0] if here and not too_old else None
    left = [] if too_old else here[1:]
    return Launch(
        code=code,
        channel=asked.host,
        opens=way is not None,
        way=way,
        obstacles=() if way else (_obstacle(fields, too_old=too_old),),
        least_version=least,
        alternatives=tuple(dict.fromkeys(each for each in (*left, *elsewhere) if each != way)),
    )


def degraded(launch: Launch, because: str, since: datetime) -> Launch:
    """Return a launch of what does not work at the moment: its way stays known, but is not to be relied on."""
    return replace(launch, opens=False, because=because, since=since, obstacles=("degraded", *launch.obstacles))


def _obstacle(fields: Fields, *, too_old: bool) -> Obstacle:
    if too_old:
        return "host_too_old"
    opened = [*_mini_programs(fields), *_pages(fields)]
    return "other_host" if opened else "window_only"


def _here(fields: Fields, host: Host) -> Iterator[Way]:
    """Yield what opens the service within a host app, the best first."""
    bound = fields.binding or Binding()
    if bound.flow:
        yield Way(kind="flow", host=host, flow=bound.flow)
    if bound.operations:
        yield Way(kind="operations", host=host, operations=tuple(each.operation for each in bound.operations))
    yield from (way for way in _mini_programs(fields) if way.host == host)
    yield from (way for way in _pages(fields) if host == "web" or (way.kind == "page" and _encrypted(way)))


def _elsewhere(fields: Fields, host: Host) -> Iterator[Way]:
    yield from (way for way in _mini_programs(fields) if way.host != host)
    yield from _pages(fields)
    channels = fields.channels or ()
    places = {place.id: place for place in fields.locations or ()}
    for kind in ("app", *_AFTER):
        for channel in channels:
            if channel.kind == kind:
                place = places.get(channel.location or "")
                yield replace(_way(channel), location=place, hours=channel.hours or (place.hours if place else ()))
    phone = fields.contact.phone if fields.contact else None
    if phone and not any(channel.kind == "hotline" for channel in channels):
        yield Way(kind="hotline", phone=phone)


def _mini_programs(fields: Fields) -> Iterator[Way]:
    """Yield mini-programs, each page of one once: a channel that says the same as the binding is the same."""
    bound = (fields.binding or Binding()).mini_programs
    ways = [Way(kind="mini_program", host=each.host, app_id=each.app_id, page=each.page) for each in bound]
    known = {(way.host, way.app_id, way.page) for way in ways}
    yield from ways
    for channel in fields.channels or ():
        if channel.kind == "mini_program" and (channel.host, channel.app_id, channel.page_path) not in known:
            yield _way(channel)


def _pages(fields: Fields) -> Iterator[Way]:
    bound = fields.binding or Binding()
    if bound.page:
        yield Way(kind="page", url=bound.page, client=bound.client, single_sign_on=bound.client is not None)
    for channel in fields.channels or ():
        if channel.kind == "web" and channel.url != bound.page:
            yield _way(channel)


def _way(channel: Channel) -> Way:
    return Way(
        kind=channel.kind,
        host=channel.host,
        name=channel.name,
        app_id=channel.app_id,
        page=channel.page_path,
        url=channel.url,
        single_sign_on=channel.single_sign_on,
        phone=channel.phone,
        hours=channel.hours,
        guidance=channel.guidance,
    )


def _encrypted(way: Way) -> bool:
    """Host apps show https pages only."""
    return (way.url or "").startswith("https://")
