"""Channels, and contact points: where a service is to be had, when it is open there, and whom to ask."""

from collections.abc import Sequence

from services_catalog.entries.channels import Channel, Hours
from services_catalog.entries.places import Location
from services_catalog.exports.cpsv_ap.costs import duration
from services_catalog.exports.cpsv_ap.graph import WEEKLY, Graph, joined, texts
from services_catalog.exports.cpsv_ap.requirements import evidence
from services_catalog.exports.labels import days
from services_catalog.reading.shown import Shown


def channels(graph: Graph, entry: Shown) -> dict[str, str]:
    """Describe every channel; by its code."""
    places = {place.id: place for place in entry.locations or ()}
    return {each.id: _channel(graph, entry, each, places.get(each.location or "")) for each in entry.channels or ()}


def contact_points(graph: Graph, entry: Shown) -> list[str]:
    """Describe whom to ask: the contact, the help line of the plain variant, hotlines, and every place with a phone."""
    code, found = entry.code, []
    if entry.contact:
        page = graph.document(entry.contact.url) if entry.contact.url else None
        found.append(_contact_point(graph, (code, "contact"), entry.contact.phone, contactPage=page))
    plain = entry.accessibility.plain if entry.accessibility else None
    if plain is not None and plain.help_phone:
        found.append(_contact_point(graph, (code, "help"), plain.help_phone))
    reached: list[tuple[str, Channel | Location]] = [
        *(("channel", each) for each in entry.channels or () if each.phone),
        *(("location", each) for each in entry.locations or () if each.phone or each.hours),
    ]
    for kind, each in reached:
        codes = (code, kind, each.id)
        found.append(_contact_point(graph, codes, each.phone, openingHours=_open(graph, codes, each.hours)))
    return found


def _channel(graph: Graph, entry: Shown, channel: Channel, place: Location | None) -> str:
    over, codes = channel.overrides, (entry.code, channel.id)
    promised = over.promised_time if over else None
    materials = over.materials if over else None
    return graph.node(
        *("channel", codes, "Channel"),
        identifier="/".join(codes),
        classification=graph.concept("channel", channel.kind),
        description=joined(text for text in (channel.name, channel.guidance) if text is not None),
        ownedBy=graph.name("organisation", entry.authority.code),
        processingTime=duration(promised) if promised else None,
        hasInput=[evidence(graph, entry, each, channel.id) for each in materials or ()],
        openingHours=_open(graph, codes, channel.hours or (place.hours if place else ())),
        page=graph.document(channel.url) if channel.url else None,
        address=_address(graph, entry, place) if place else None,
    )


def _contact_point(graph: Graph, codes: Sequence[str], phone: str | None, **said: object) -> str:
    return graph.node("contact-point", codes, "ContactPoint", hasTelephone=phone, **said)


def _address(graph: Graph, entry: Shown, place: Location) -> str:
    return graph.node("address", (entry.code, place.id), "Address", fullAddress=texts(place.address))


def _open(graph: Graph, codes: Sequence[str], hours: Sequence[Hours]) -> list[str]:
    return [
        graph.node(
            *("hours", (*codes, str(place)), "TemporalEntity"),
            frequency=graph.share(WEEKLY, "Concept"),
            description={language: _said(each, language) for language in ("zh", "en")},
        )
        for place, each in enumerate(hours)
    ]


def _said(hours: Hours, language: str) -> str:
    season = "" if hours.valid_from is None and hours.valid_to is None else _season(hours)
    note = "" if hours.note is None else (hours.note.en if language == "en" and hours.note.en else hours.note.zh)
    shown = f"{days(hours.days, language)} {hours.opens}–{hours.closes}"
    return " ".join(filter(None, (shown, season, note)))


def _season(hours: Hours) -> str:
    return f"({hours.valid_from or ''} – {hours.valid_to or ''})"
