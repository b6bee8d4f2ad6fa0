"""What a service asks for and stands on: conditions, materials, laws; and what it gives: the result."""

from services_catalog.entries.conditions import Condition
from services_catalog.entries.legal import LegalBasis
from services_catalog.entries.materials import Material
from services_catalog.entries.words import Localized, LocalizedProse
from services_catalog.exports.cpsv_ap.graph import Graph, joined, texts
from services_catalog.exports.labels import label
from services_catalog.reading.shown import Shown

_DUTIES = Localized("申请人的权利和义务", "Rights and duties of the applicant")


def law(graph: Graph, basis: LegalBasis) -> str:
    """Describe an article of a law: the same for all that stand on it."""
    named = " ".join(filter(None, (basis.number, basis.article)))
    title = LocalizedProse(
        " ".join(filter(None, (basis.law.zh, named))),
        " ".join(filter(None, (basis.law.en, named))) if basis.law.en else None,
    )
    codes = (basis.law.zh, basis.number or "", basis.article or "")
    description = texts(basis.text) if basis.text else None
    return graph.share(graph.name("law", *codes), "LegalResource", title=texts(title), description=description)


def requirements(graph: Graph, entry: Shown) -> list[str]:
    """Describe who may have the service; channels' own conditions are among them."""
    found = [_requirement(graph, entry, each) for each in entry.acceptance_conditions or ()]
    for channel in entry.channels or ():
        own = channel.overrides.acceptance_conditions if channel.overrides else None
        found += [_requirement(graph, entry, each, channel.id) for each in own or ()]
    return found


def evidence(graph: Graph, entry: Shown, material: Material, channel: str = "") -> str:
    """Describe one material, as it is asked for at every channel or at one."""
    codes = (entry.code, channel, material.id)
    pages = [graph.document(url) for url in (material.blank_form, material.sample) if url]
    return graph.node(
        *("evidence", codes, "Evidence"),
        identifier="/".join(filter(None, codes)),
        title=texts(material.name),
        description=joined(_details(material)),
        isConformantTo=evidence_type(graph, material),
        page=pages,
    )


def evidence_type(graph: Graph, material: Material) -> str | None:
    """Describe the electronic licence that a material is, None if it is none."""
    if not material.licence:
        return None
    return graph.share(graph.name("evidence-type", material.licence), "EvidenceType", identifier=material.licence)


def rules(graph: Graph, entry: Shown) -> list[str]:
    """Describe the rules that the applicant has to know: rights and duties."""
    if not entry.rights_duties:
        return []
    return [
        graph.node(
            *("rule", (entry.code, "duties"), "Rule"),
            identifier=f"{entry.code}/duties",
            title=texts(_DUTIES),
            description=texts(entry.rights_duties),
            implements=[law(graph, each) for each in entry.legal_basis or ()],
        )
    ]


def output(graph: Graph, entry: Shown) -> str | None:
    """Describe what one gets."""
    result = entry.result
    if not result:
        return None
    return graph.node(
        *("output", (entry.code,), "Output"),
        identifier=f"{entry.code}/result",
        title=texts(result.name),
        description=texts(result.validity) if result.validity else None,
        classification=graph.concept("result", result.kind),
        page=graph.document(result.sample) if result.sample else None,
    )


def _requirement(graph: Graph, entry: Shown, condition: Condition, channel: str = "") -> str:
    codes = (entry.code, channel, condition.id)
    identifier = "/".join(filter(None, codes))
    said = {"identifier": identifier, "title": texts(condition.text)}
    basis = condition.legal_basis
    rule = None
    if basis is not None:
        lawful = law(graph, basis)
        rule = graph.node("rule", codes, "Rule", **said, description=texts(basis.text or basis.law), implements=lawful)
    return graph.node("requirement", codes, "Requirement", **said, fulfils=rule)


def _details(material: Material) -> list[Localized | LocalizedProse]:
    forms = [label("form", each) for each in material.forms]
    number = f" × {material.copies}"
    shown = Localized(
        "、".join(each.zh for each in forms) + number, ", ".join(each.en or each.zh for each in forms) + number
    )
    return [shown, *(text for text in (material.condition, material.standard) if text is not None)]
