"""A public entry as a Public Service of CPSV-AP 3.2. What has no place there: docs/exports.md."""

from services_catalog.exports.around import Around
from services_catalog.exports.cpsv_ap.bodies import area, body, catalogue, participations
from services_catalog.exports.cpsv_ap.channels import channels, contact_points
from services_catalog.exports.cpsv_ap.costs import costs, duration
from services_catalog.exports.cpsv_ap.graph import CHINESE, IN_USE, Graph, texts
from services_catalog.exports.cpsv_ap.requirements import (
    evidence,
    evidence_type,
    law,
    output,
    requirements,
    rules,
)
from services_catalog.exports.identities import Identities
from services_catalog.exports.modified import modified
from services_catalog.reading.shown import Shown


def describe(entry: Shown, identities: Identities, around: Around) -> Graph:
    """Return the nodes of an entry."""
    graph = Graph(identities, around)
    ways = channels(graph, entry)
    time = entry.promised_time or entry.statutory_time or None
    materials = entry.materials or ()
    name = entry.name or around.item(entry.item)
    graph.node(
        *("service", (entry.code,), "PublicService"),
        identifier=entry.code,
        title=texts(name),
        description=texts(entry.summary or name),
        keyword=_keywords(entry),
        status=graph.share(IN_USE, "Concept"),
        modified=modified(entry).isoformat(),
        language=graph.share(CHINESE, "LinguisticSystem"),
        isPartOf=catalogue(graph, entry),
        hasCompetentAuthority=body(graph, entry.authority.code),
        hasParticipation=participations(graph, entry),
        spatial=area(graph, entry.area),
        addressee=[graph.concept("audience", each) for each in entry.audience or ()],
        thematicArea=[graph.concept("topic", each) for each in entry.topics or ()],
        isClassifiedBy=_classes(graph, entry),
        isGroupedBy=_events(graph, entry),
        relatedService=graph.name("service", entry.parent) if entry.level == "case" and entry.parent else None,
        hasLegalResource=[law(graph, each) for each in entry.legal_basis or ()],
        holdsRequirement=requirements(graph, entry),
        follows=rules(graph, entry),
        hasInput=[evidence(graph, entry, each) for each in materials],
        hasInputType=[kind for each in materials if (kind := evidence_type(graph, each))],
        produces=output(graph, entry),
        processingTime=duration(time) if time else None,
        hasChannel=[*ways.values()],
        hasCost=costs(graph, entry, ways),
        contactPoint=contact_points(graph, entry),
    )
    return graph


def _keywords(entry: Shown) -> dict[str, list[str]]:
    names = [*filter(None, [entry.everyday_name or None]), *(entry.alternate_names or ())]
    found = {"zh": [each.zh for each in names], "en": [each.en for each in names if each.en]}
    return {language: words for language, words in found.items() if words}


def _classes(graph: Graph, entry: Shown) -> list[str]:
    """Describe the lists' terms that have no property of their own; the generic item binds its implementations."""
    item = texts(graph.around.item(entry.item))
    kinds = [graph.concept("item-type", entry.item_type)] if entry.item_type else []
    own = [graph.concept("local-topic", each) for each in entry.local_topics or ()]
    return [graph.share(graph.name("item", entry.item), "Concept", notation=entry.item, prefLabel=item), *kinds, *own]


def _events(graph: Graph, entry: Shown) -> list[str]:
    """Describe life events; of what is for anybody but natural persons they are business events."""
    for_people = not entry.audience or "person" in entry.audience
    kind, type_ = ("life-event", "LifeEvent") if for_people else ("business-event", "BusinessEvent")
    return [
        graph.share(
            graph.name(kind, each), type_, "Event", identifier=each, title=texts(graph.around.label("life-event", each))
        )
        for each in entry.life_events or ()
    ]
