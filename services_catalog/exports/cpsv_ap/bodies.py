"""Organisations: competent authorities with the area that they cover, those who take part, and the catalogue itself."""

from services_catalog.exports.cpsv_ap.graph import Graph, texts
from services_catalog.exports.labels import label
from services_catalog.reading.shown import Shown


def body(graph: Graph, code: str) -> str:
    """Describe an organisation. It is an agent too, as it may take part in others' services."""
    known = graph.around.body(code)
    return graph.share(
        graph.name("organisation", code),
        *("PublicOrganisation", "Organization", "Agent"),
        identifier=known.credit_code or code,
        prefLabel=texts(known.name),
        title=texts(known.name),
        spatial=area(graph, graph.around.area(known).code),
    )


def area(graph: Graph, code: str) -> str:
    """Describe an area of the city."""
    known = graph.around.body(code)
    return graph.share(
        graph.name("area", code),
        *("Location", "AdministrativeTerritorialUnit"),
        identifier=known.region_code or code,
        prefLabel=texts(known.name),
    )


def catalogue(graph: Graph, entry: Shown) -> str:
    """Describe the catalogue that an entry is part of: that of the organisation at the root of its tree."""
    root = entry.authority.path[0]
    name = graph.around.body(root).name
    return graph.share(
        graph.name("catalogue", root),
        "Dataset",
        title={"zh": f"{name.zh}政务服务目录", **({"en": f"Catalogue of services of {name.en}"} if name.en else {})},
        description={
            "zh": f"{name.zh}已公布的政务服务事项。",
            **({"en": f"The services that {name.en} has published."} if name.en else {}),
        },
        publisher=body(graph, root),
    )


def participations(graph: Graph, entry: Shown) -> list[str]:
    """Describe who else has a part in a service: whom it is entrusted to, and who acts together."""
    parts = [("joint", code) for code in entry.joint_organisations or ()]
    if entry.entrusted_organisation:
        parts.insert(0, ("entrusted", entry.entrusted_organisation))
    return [
        graph.node(
            *("participation", (entry.code, role, code), "Participation"),
            identifier=f"{entry.code}/{role}/{code}",
            description=texts(label("role", role)),
            role=graph.concept("role", role),
            hasParticipant=body(graph, code),
        )
        for role, code in parts
    ]
