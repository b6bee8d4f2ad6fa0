"""HSDS as tables: nested services taken apart, and the descriptor of the data package that they make (Frictionless).

A table has the columns that the export fills.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

Record = dict[str, Any]


class Table(NamedTuple):
    """A table: its file, and its columns."""

    path: str
    columns: tuple[str, ...]


def _table(path: str, columns: str) -> Table:
    return Table(path, tuple(columns.split()))


TABLES: dict[str, Table] = {
    "organization": _table("organizations.csv", "id name alternate_name description parent_organization_id"),
    "service": _table(
        "services.csv",
        "id organization_id name alternate_name description url status application_process fees_description "
        "eligibility_description minimum_age maximum_age assured_date alert last_modified",
    ),
    "attribute": _table("attributes.csv", "id link_id taxonomy_term_id link_type link_entity"),
    "service_at_location": _table("service_at_location.csv", "id service_id location_id description"),
    "location": _table("locations.csv", "id location_type name description transportation latitude longitude"),
    "phone": _table("phones.csv", "id location_id service_id number type description"),
    "address": _table(
        "addresses.csv", "id location_id address_1 city region state_province postal_code country address_type"
    ),
    "schedule": _table(
        "schedules.csv",
        "id service_id location_id service_at_location_id valid_from valid_to timezone freq byday opens_at closes_at "
        "notes",
    ),
    "service_area": _table("service_areas.csv", "id service_id name description"),
    "required_document": _table("required_documents.csv", "id service_id document uri"),
    "language": _table("languages.csv", "id service_id name code"),
    "accessibility": _table("accessibility.csv", "id location_id description"),
    "taxonomy_term": _table("taxonomy_terms.csv", "id code name description taxonomy language taxonomy_id"),
    "metadata": _table(
        "metadata.csv",
        "id resource_id resource_type last_action_date last_action_type field_name previous_value replacement_value "
        "updated_by",
    ),
    "cost_option": _table("cost_options.csv", "id service_id option currency amount amount_description"),
    "organization_identifier": _table("organization_identifiers.csv", "id organization_id identifier_type identifier"),
    "taxonomy": _table("taxonomies.csv", "id name description"),
    "url": _table("url.csv", "id label url service_id"),
}
SHARED = frozenset({"organization", "organization_identifier", "taxonomy", "taxonomy_term"})
"""Many services have the same records of these."""

_WITHIN = {
    **{f"{name}s": name for name in TABLES},
    **{name: name for name in ("organization", "location", "accessibility", "taxonomy_term", "metadata")},
    "additional_urls": "url",
    "addresses": "address",
    "taxonomy_detail": "taxonomy",
}
_KINDS = {
    **dict.fromkeys(("minimum_age", "maximum_age", "latitude", "longitude", "amount", "timezone"), "number"),
    **dict.fromkeys(("assured_date", "valid_from", "valid_to", "last_action_date"), "date"),
    "last_modified": "datetime",
}


def taken_apart(record: Record, table: str = "service") -> Iterator[tuple[str, Record]]:
    """Yield a record and all within it as rows, each with its table."""
    yield table, {name: record[name] for name in TABLES[table].columns if name in record}
    for name, value in record.items():
        if name in _WITHIN and isinstance(value, list | dict):
            for each in value if isinstance(value, list) else [value]:
                yield from taken_apart(each, _WITHIN[name])


def descriptor() -> dict[str, Any]:
    """Return what ``datapackage.json`` says."""
    return {
        "name": "catalogue",
        "profile": "tabular-data-package",
        "resources": [
            {
                "name": name,
                "path": table.path,
                "profile": "tabular-data-resource",
                "encoding": "utf-8",
                "schema": {
                    "fields": [{"name": each, "type": _KINDS.get(each, "string")} for each in table.columns],
                    "primaryKey": "id",
                    "foreignKeys": [
                        {"fields": each, "reference": {"resource": each.removesuffix("_id"), "fields": "id"}}
                        for each in table.columns
                        if each.removesuffix("_id") in TABLES and each.endswith("_id")
                    ],
                },
            }
            for name, table in TABLES.items()
        ],
    }
