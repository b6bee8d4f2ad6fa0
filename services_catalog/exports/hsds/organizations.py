"""Organisations and the areas that services are for, as HSDS has them."""

from services_catalog.exports.hsds.record import Record, Writer
from services_catalog.reading.shown import Shown


def organization(writer: Writer, code: str) -> Record:
    """Return an organisation; of what it does beyond its name the tree knows nothing."""
    body = writer.around.body(code)
    above = body.path[-2] if len(body.path) > 1 else None
    names = (body.name.zh, body.name.en)
    other = next((name for name in names if name and name != writer.say(body.name)), None)
    return writer.record(
        *("organisation", code),
        name=writer.say(body.name),
        alternate_name=other,
        description=" / ".join(filter(None, names)),
        parent_organization_id=writer.identities.of("organisation", above) if above else None,
        organization_identifiers=_identifiers(writer, code, body.credit_code),
    )


def service_area(writer: Writer, entry: Shown) -> Record:
    """Return the area whose residents a service is for."""
    area = writer.around.body(entry.area)
    description = f"GB/T 2260: {area.region_code}" if area.region_code else None
    return writer.record(
        *("service-area", entry.code),
        service_id=writer.identities.service(entry.code),
        name=writer.say(area.name),
        description=description,
    )


def _identifiers(writer: Writer, code: str, credit_code: str | None) -> list[Record]:
    if credit_code is None:
        return []
    said = {"identifier_type": "统一社会信用代码 (GB 32100)", "identifier": credit_code}
    organization_id = writer.identities.of("organisation", code)
    return [writer.record("organisation-identifier", code, organization_id=organization_id, **said)]
