"""Places with their addresses and hours, telephones and links."""

from collections.abc import Iterator, Sequence
from typing import Any

from services_catalog.entries.channels import Hours
from services_catalog.entries.places import Contact, Location
from services_catalog.entries.words import Localized
from services_catalog.exports.hsds.record import Record, Writer
from services_catalog.exports.labels import label
from services_catalog.exports.uris import uri
from services_catalog.reading.shown import Shown

_UTC_OFFSET = 8  # China's time, in hours
_STEP_FREE = {True: Localized("无障碍通行", "Step-free access"), False: Localized("有台阶", "No step-free access")}
_SIGN_LANGUAGE = Localized("手语说明", "In sign language")
_HELP = Localized("帮助热线", "Help line")


def service_at_location(writer: Writer, entry: Shown, place: Location) -> Record:
    """Return a place as one where the service is given, with the hours of the service's own counters there."""
    codes = (entry.code, place.id)
    identifier = writer.identities.of("service-at-location", *codes)
    counters = [each for each in entry.channels or () if each.location == place.id]
    return writer.record(
        *("service-at-location", *codes),
        service_id=writer.identities.service(entry.code),
        location_id=writer.identities.of("location", *codes),
        description="\n".join(writer.say(each.guidance) for each in counters if each.guidance),
        schedules=[
            schedule
            for each in counters
            for schedule in schedules(writer, (*codes, each.id), each.hours, service_at_location_id=identifier)
        ],
        location=_location(writer, entry, place),
    )


def schedules(writer: Writer, codes: Sequence[str], hours: Sequence[Hours], **of: str) -> list[Record]:
    """Return open hours as recurring rules (RFC 5545)."""
    return [
        writer.record(
            *("schedule", *codes, str(place)),
            **of,
            freq="WEEKLY",
            byday=",".join(each.days),
            opens_at=f"{each.opens}+{_UTC_OFFSET:02}:00",
            closes_at=f"{each.closes}+{_UTC_OFFSET:02}:00",
            timezone=_UTC_OFFSET,
            valid_from=each.valid_from.isoformat() if each.valid_from else None,
            valid_to=each.valid_to.isoformat() if each.valid_to else None,
            notes=writer.say(each.note) if each.note else None,
        )
        for place, each in enumerate(hours)
    ]


def phones(writer: Writer, entry: Shown) -> list[Record]:
    """Return whom to ring: the contact, the help line of the plain variant, hotlines, and where to complain."""
    found: list[tuple[str, str, str | None]] = []
    if entry.contact and entry.contact.phone:
        note = entry.contact.note
        found.append(("contact", entry.contact.phone, writer.say(note) if note else None))
    plain = entry.accessibility.plain if entry.accessibility else None
    if plain is not None and plain.help_phone:
        found.append(("help", plain.help_phone, writer.say(_HELP)))
    found += [
        (f"channel/{each.id}", each.phone, writer.say(each.name or label("channel", each.kind)))
        for each in entry.channels or ()
        if each.phone
    ]
    found += [
        (kind, contact.phone, writer.say(label("remedy", kind))) for kind, contact in _remedies(entry) if contact.phone
    ]
    service_id = writer.identities.service(entry.code)
    return [_phone(writer, (entry.code, of), number, said, service_id=service_id) for of, number, said in found]


def urls(writer: Writer, entry: Shown) -> list[Record]:
    """Return pages beside the service's own: other channels, the contact's, and where to complain."""
    found = [
        (f"channel/{each.id}", each.url, each.name or label("channel", each.kind))
        for each in entry.channels or ()
        if each.url
    ]
    if entry.contact and entry.contact.url:
        found.append(("contact", entry.contact.url, Localized("咨询", "Questions")))
    if entry.accessibility and entry.accessibility.sign_language:
        found.append(("sign-language", entry.accessibility.sign_language, _SIGN_LANGUAGE))
    found += [(kind, contact.url, label("remedy", kind)) for kind, contact in _remedies(entry) if contact.url]
    service_id = writer.identities.service(entry.code)
    return [
        writer.record("url", entry.code, of, label=writer.say(named), url=uri(url), service_id=service_id)
        for of, url, named in found
    ]


def _location(writer: Writer, entry: Shown, place: Location) -> Record:
    codes = (entry.code, place.id)
    of = {"location_id": writer.identities.of("location", *codes)}
    position = place.position
    return writer.record(
        *("location", *codes),
        location_type="physical",
        name=writer.say(place.name),
        description=place.windows,
        transportation=writer.say(place.transport) if place.transport else None,
        latitude=position.latitude if position else None,
        longitude=position.longitude if position else None,
        addresses=[_address(writer, entry, place, of)],
        accessibility=[]
        if place.step_free is None
        else [writer.record("accessibility", *codes, description=writer.say(_STEP_FREE[place.step_free]), **of)],
        phones=[_phone(writer, codes, place.phone, None, **of)] if place.phone else [],
        schedules=schedules(writer, codes, place.hours, **of),
    )


def _address(writer: Writer, entry: Shown, place: Location, of: dict[str, str]) -> Record:
    """Return an address. HSDS asks for province and postal code, which entries do not have: they are empty."""
    root, area = writer.around.body(entry.authority.path[0]), writer.around.body(place.organisation or entry.area)
    asked: dict[str, Any] = {"city": writer.say(root.name), "state_province": "", "postal_code": "", "country": "CN"}
    address = writer.record("address", entry.code, place.id, address_1=writer.say(place.address), **of)
    return address | asked | {"region": writer.say(area.name), "address_type": "physical"}


def _phone(writer: Writer, codes: Sequence[str], number: str, description: str | None, **of: str) -> Record:
    return writer.record("phone", *codes, number=number, type="voice", description=description, **of)


def _remedies(entry: Shown) -> Iterator[tuple[str, Contact]]:
    if entry.remedies:
        for kind in ("complaint", "review", "litigation"):
            contact = getattr(entry.remedies, kind)
            if contact is not None:
                yield kind, contact
