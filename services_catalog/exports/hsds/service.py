"""A public entry as a Service of HSDS 3, with all that belongs to it inside.

What has no place there: docs/exports.md.
"""

from kernel.clock import CHINA
from services_catalog.entries.words import Localized
from services_catalog.exports.hsds.needs import (
    attributes,
    cost_options,
    eligibility,
    fees_description,
    required_documents,
)
from services_catalog.exports.hsds.organizations import organization, service_area
from services_catalog.exports.hsds.places import phones, schedules, service_at_location, urls
from services_catalog.exports.hsds.record import Record, Writer
from services_catalog.exports.modified import modified
from services_catalog.exports.uris import uri
from services_catalog.reading.shown import Shown

_CHINESE = Localized("中文", "Chinese")


def listed(entry: Shown, writer: Writer) -> Record:
    """Return what a list shows of a service: what it has only one of."""
    name = entry.name or writer.around.item(entry.item)
    known = entry.everyday_name or next(iter(entry.alternate_names or ()), None)
    plain = entry.accessibility.plain if entry.accessibility else None
    own = organization(writer, entry.authority.code)
    return writer.record(
        *("service", entry.code),
        organization_id=own["id"],
        name=writer.say(name),
        alternate_name=writer.say(known) if known else None,
        description=writer.say(entry.summary or name),
        url=_url(entry),
        status="active",
        application_process="\n".join(writer.say(each) for each in plain.steps) if plain else None,
        fees_description=fees_description(writer, entry),
        assured_date=entry.assured_on.isoformat() if entry.assured_on else None,
        alert=entry.because if entry.state == "degraded" else None,
        last_modified=modified(entry).isoformat(timespec="milliseconds"),
        organization={key: value for key, value in own.items() if not isinstance(value, list)},
        **eligibility(writer, entry),
    )


def nested(entry: Shown, writer: Writer) -> Record:
    """Return a service with everything that belongs to it."""
    service_id = writer.identities.service(entry.code)
    hours = [each for each in entry.channels or () if each.hours and not each.location]
    several = {
        "organization": organization(writer, entry.authority.code),
        "additional_urls": urls(writer, entry),
        "phones": phones(writer, entry),
        "schedules": [
            schedule
            for each in hours
            for schedule in schedules(writer, (entry.code, each.id), each.hours, service_id=service_id)
        ],
        "service_areas": [service_area(writer, entry)],
        "service_at_locations": [service_at_location(writer, entry, place) for place in entry.locations or ()],
        "languages": [
            writer.record("language", entry.code, service_id=service_id, name=writer.say(_CHINESE), code="zh")
        ],
        "cost_options": cost_options(writer, entry),
        "required_documents": required_documents(writer, entry),
        "attributes": attributes(writer, entry),
        "metadata": [_metadata(writer, entry)],
    }
    return listed(entry, writer) | {name: found for name, found in several.items() if found}


def _url(entry: Shown) -> str | None:
    web = next((each.url for each in entry.channels or () if each.kind == "web" and each.url), None)
    page = web or (entry.binding.page if entry.binding else None)
    return uri(page) if page else None


def _metadata(writer: Writer, entry: Shown) -> Record:
    """Return the public version as a change, of the day since which it stands as it does.

    That is its publication's, or a later one's on which it failed or came back (docs/exports.md). Who did it and what
    stood there before is not public.
    """
    said = {"field_name": "version", "replacement_value": str(entry.version), "last_action_type": "publish"}
    record = writer.record(
        *("metadata", entry.code),
        resource_id=writer.identities.service(entry.code),
        resource_type="service",
        last_action_date=entry.since.astimezone(CHINA).date().isoformat(),
        updated_by=writer.say(entry.authority.name),
        **said,
    )
    return record | {"previous_value": str(entry.version - 1) if entry.version > 1 else ""}
