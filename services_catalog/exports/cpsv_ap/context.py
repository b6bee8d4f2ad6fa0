"""The JSON-LD context of the export: what its names mean, in the document itself, so that no reader needs the network.

The names are those of CPSV-AP 3.2 without the class before them. ``Channel.page`` and ``Channel.address`` go beyond the
profile, whose shapes are open.
"""

from typing import Any

_PREFIXES = {
    "adms": "http://www.w3.org/ns/adms#",
    "cpsv": "http://purl.org/vocab/cpsv#",
    "cv": "http://data.europa.eu/m8g/",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "eli": "http://data.europa.eu/eli/ontology#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "locn": "http://www.w3.org/ns/locn#",
    "org": "http://www.w3.org/ns/org#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "time": "http://www.w3.org/2006/time#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_CLASSES = {
    "PublicService": "cpsv:PublicService",
    "Rule": "cpsv:Rule",
    "BusinessEvent": "cv:BusinessEvent",
    "Channel": "cv:Channel",
    "ContactPoint": "cv:ContactPoint",
    "Cost": "cv:Cost",
    "Event": "cv:Event",
    "Evidence": "cv:Evidence",
    "EvidenceType": "cv:EvidenceType",
    "LifeEvent": "cv:LifeEvent",
    "Output": "cv:Output",
    "Participation": "cv:Participation",
    "PublicOrganisation": "cv:PublicOrganisation",
    "Requirement": "cv:Requirement",
    "Address": "locn:Address",
    "AdministrativeTerritorialUnit": "http://data.europa.eu/88u/dataset/atu-type",
    "Agent": "foaf:Agent",
    "Concept": "skos:Concept",
    "Dataset": "dcat:Dataset",
    "Document": "foaf:Document",
    "LegalResource": "eli:LegalResource",
    "LinguisticSystem": "dct:LinguisticSystem",
    "Location": "dct:Location",
    "Organization": "org:Organization",
    "TemporalEntity": "time:TemporalEntity",
}
_TEXTS = {
    "title": "dct:title",
    "description": "dct:description",
    "keyword": "dcat:keyword",
    "prefLabel": "skos:prefLabel",
    "fullAddress": "locn:fullAddress",
}
_LITERALS = {
    "identifier": "dct:identifier",
    "notation": "skos:notation",
    "hasTelephone": "cv:telephone",
    "modified": {"@id": "dct:modified", "@type": "xsd:dateTime"},
    "processingTime": {"@id": "cv:processingTime", "@type": "xsd:duration"},
    "hasValue": {"@id": "cv:hasValue", "@type": "xsd:double"},
}
_LINKS = {
    "addressee": "dct:audience",
    "spatial": "dct:spatial",
    "isPartOf": "dct:isPartOf",
    "language": "dct:language",
    "publisher": "dct:publisher",
    "classification": "dct:type",
    "isConformantTo": "dct:conformsTo",
    "address": "locn:address",
    "page": "foaf:page",
    "status": "adms:status",
    "follows": "cpsv:follows",
    "hasInput": "cpsv:hasInput",
    "implements": "cpsv:implements",
    "produces": "cpsv:produces",
    **{
        name: f"cv:{name}"
        for name in (
            *("contactPage", "contactPoint", "currency", "frequency", "fulfils", "hasChannel"),
            *("hasCompetentAuthority", "hasCost", "hasInputType", "hasLegalResource", "hasParticipant"),
            *("hasParticipation", "holdsRequirement", "ifAccessedThrough", "isClassifiedBy", "isDefinedBy"),
            *("isGroupedBy", "openingHours", "ownedBy", "relatedService", "role", "thematicArea"),
        )
    },
}

CONTEXT: dict[str, Any] = {
    "id": "@id",
    "type": "@type",
    **_PREFIXES,
    **_CLASSES,
    **{name: {"@id": term, "@container": "@language"} for name, term in _TEXTS.items()},
    **_LITERALS,
    **{name: {"@id": term, "@type": "@id"} for name, term in _LINKS.items()},
}
