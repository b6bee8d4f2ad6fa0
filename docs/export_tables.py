"""The table of exports.md: what becomes of every field of an entry in each standard. A test holds it to the exports."""

from typing import NamedTuple

from services_catalog.entries.fields import FIELDS


class Place(NamedTuple):
    """Where a field is found in each standard, empty for nowhere, and what of it is lost."""

    cpsv_ap: str = ""
    hsds: str = ""
    lost: str = ""


PLACES: dict[str, Place] = {
    "name": Place("`dct:title`", "`service.name`"),
    "alternate_names": Place("`dcat:keyword`", "`service.alternate_name`", "HSDS: all but the first"),
    "everyday_name": Place("`dcat:keyword`", "`service.alternate_name`"),
    "summary": Place("`dct:description`", "`service.description`"),
    "item_type": Place("`cv:isClassifiedBy`", "`attribute`"),
    "power_source": Place(),
    "legal_basis": Place("`cv:hasLegalResource` (`eli:LegalResource`)", "", "who made it, since when"),
    "exercised_at": Place(),
    "local_codes": Place(),
    "audience": Place("`dct:audience`", "`attribute`"),
    "topics": Place("`cv:thematicArea`", "`attribute`"),
    "local_topics": Place("`cv:isClassifiedBy`", "`attribute`"),
    "life_events": Place("`cv:isGroupedBy` (`cv:LifeEvent`, `cv:BusinessEvent`)", "`attribute`"),
    "acceptance_conditions": Place(
        "`cv:holdsRequirement`, with its law `cv:fulfils` (`cpsv:Rule`)",
        "`service.eligibility_description`, `minimum_age`, `maximum_age`",
        "the rule for machines, but for ages in HSDS",
    ),
    "minimum_level": Place(),
    "allowed_proxies": Place(),
    "entrusted_organisation": Place("`cv:hasParticipation`"),
    "joint_organisations": Place("`cv:hasParticipation`"),
    "materials": Place(
        "`cpsv:hasInput` (`cv:Evidence`), `cv:hasInputType`",
        "`required_document`",
        "necessity as a code, law, issuer, waiver; HSDS: all pages but one",
    ),
    "statutory_time": Place("`cv:processingTime`, where nothing is promised", "", "where something is promised: all"),
    "promised_time": Place("`cv:processingTime`", "", "working days: seven days of the calendar for five"),
    "special_steps": Place(),
    "fee": Place("`cv:hasCost`, in CNY", "`cost_option`, `service.fees_description`", "law, waiver, paying online"),
    "on_site_visits": Place(),
    "on_site_reason": Place(),
    "online_depth": Place(),
    "data_requests": Place(),
    "result": Place("`cpsv:produces` (`cv:Output`)", "", "its licence code"),
    "rights_duties": Place("`cpsv:follows` (`cpsv:Rule`)"),
    "faqs": Place(),
    "channels": Place(
        "`cv:hasChannel`; a channel's own fee as `cv:ifAccessedThrough`; hotlines also as `cv:contactPoint`",
        "`service.url`, `url`, `phone`, `schedule`, `service_at_location`",
        "mini-programs' ids and pages; visits of one channel",
    ),
    "locations": Place(
        "`locn:address` of channels, `cv:contactPoint` with `cv:openingHours`",
        "`location`, `address`, `schedule`, `accessibility`, `phone`",
        "CPSV-AP: the point, transport, access",
    ),
    "delivery": Place(),
    "appointment": Place(),
    "cross_region": Place(),
    "contact": Place("`cv:contactPoint`", "`phone`, `url`", "its address; CPSV-AP: its note"),
    "remedies": Place("", "`phone`, `url`"),
    "accessibility": Place(
        "the help line as `cv:contactPoint`",
        "`service.application_process`, `phone`, `url`",
        "the rest of the plain text",
    ),
    "host_requirements": Place(),
    "binding": Place("", "`service.url`, where no channel has a page", "operations, mini-programs, flows"),
    "steps": Place("", "", "life events are not services: their services name them"),
    "effective_from": Place(lost="all of it: what does not hold yet is left out"),
    "withdraw_on": Place(lost="all of it: what holds no more is left out"),
    "owner_contact": Place("", "", "it is not public"),
    "assured_on": Place("", "`service.assured_date`"),
}


def sections() -> dict[str, str]:
    """Return the text of the page's generated section by its name."""
    rows = [(f"`{name}`", *(PLACES[name][:2]), _lost(PLACES[name])) for name in FIELDS]
    lines = [("field", "CPSV-AP", "HSDS", "what is lost"), ("---",) * 4, *rows]
    return {"mapping": "".join("| " + " | ".join(line) + " |\n" for line in lines)}


def _lost(place: Place) -> str:
    return place.lost or ("" if place.cpsv_ap or place.hsds else "all of it")
