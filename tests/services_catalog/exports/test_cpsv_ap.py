"""What is exported as CPSV-AP conforms to the profile's shapes, and says what the entries say."""

import re
from typing import Any

import msgspec
import pytest
from rdflib import DCAT, DCTERMS, RDF, XSD, Literal, Namespace, URIRef
from rdflib import Graph as Triples

from services_catalog.entries.times import Duration
from services_catalog.exports.around import Around
from services_catalog.exports.cpsv_ap.context import CONTEXT
from services_catalog.exports.cpsv_ap.costs import duration
from services_catalog.exports.cpsv_ap.service import describe
from services_catalog.reading.shown import Shown
from tests.services_catalog.exports.samples import AROUND, IDENTITIES, entry, first, parent_of
from tests.services_catalog.exports.validating import graph, required, unknown_properties, violations

pytestmark = pytest.mark.case("issue-4.3")
CV, CPSV = Namespace("http://data.europa.eu/m8g/"), Namespace("http://purl.org/vocab/cpsv#")


REQUIRED = [each for each in required() if each[0] != CV.ServiceConcessionContract]  # of which entries say nothing


def exported(*entries: tuple[Shown, Around]) -> Triples:
    nodes: dict[str, Any] = {}
    for each, around in entries:
        described = describe(each, IDENTITIES, around)
        nodes |= described.shared | described.own
    return graph(msgspec.json.encode({"@context": CONTEXT, "@graph": [*nodes.values()]}))


@pytest.fixture(scope="module")
def full() -> Triples:
    """A case that says every field, and the implementation that it is one of."""
    return exported((entry(), AROUND), (parent_of(entry()), AROUND))


def service(code: str = "permit-east-01") -> URIRef:
    return URIRef(f"urn:uuid:{IDENTITIES.service(code)}")


def test_an_entry_that_says_everything_conforms(full: Triples) -> None:
    assert violations(full) == []
    assert unknown_properties(full) == set()


def test_one_that_says_next_to_nothing_conforms() -> None:
    bare = {"code": "bare", "level": "implementation", "version": 1, "item": "unnamed", "area": "east"}
    more = {"authority": {"code": "x", "name": {"zh": "某局"}, "path": ["x"]}, "state": "published", "sources": []}
    shown = msgspec.convert(bare | more | {"since": "2026-05-04T01:00:00Z"}, Shown)
    assert violations(exported((shown, AROUND))) == []


def test_generated_entries_conform() -> None:
    data = exported(*first(40))
    assert len(set(data.subjects(RDF.type, CPSV.PublicService))) == 40
    assert violations(data) == []
    assert unknown_properties(data) == set()


@pytest.mark.parametrize(("class_", "path"), REQUIRED, ids=lambda each: re.split("[/#]", each)[-1])
def test_what_the_profile_requires_is_missed(full: Triples, class_: URIRef, path: URIRef) -> None:
    """Not one of the required properties could be left out without the shapes saying so."""
    subject = min(full.subjects(RDF.type, class_), key=str)
    without = Triples() + full
    without.remove((subject, path, None))
    assert any(str(path) in each for each in violations(without))


def test_a_wrong_kind_of_value_is_found(full: Triples) -> None:
    for path, value in (
        (DCTERMS.title, Literal("no language")),
        (CV.processingTime, Literal("5 days")),
        (CV.hasCost, service()),
        (DCTERMS.identifier, Literal("another")),
    ):
        assert violations(full + Triples().add((service(), path, value)))


def test_texts_have_their_languages(full: Triples) -> None:
    titles = set(full.objects(service(), DCTERMS.title))
    assert titles == {Literal("居住证办理", "zh"), Literal("Residence permit", "en")}
    keywords = set(full.objects(service(), DCAT.keyword))
    assert keywords == {Literal("办居住证", "zh"), Literal("暂住证", "zh"), Literal("Permit", "en")}


def test_costs_are_in_yuan_and_differ_by_channel(full: Triples) -> None:
    charged = {}
    for cost in full.objects(service(), CV.hasCost):
        channel = full.value(full.value(cost, CV.ifAccessedThrough), DCTERMS.identifier)
        charged[str(channel).rpartition("/")[2]] = full.value(cost, CV.hasValue)
        assert str(full.value(cost, CV.currency)).endswith("/CNY")
    usual = Literal("9.5", datatype=XSD.double)
    assert charged == {"hall": usual, "web": usual, "call": usual, "post": Literal("0.0", datatype=XSD.double)}


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (Duration(0), "PT0S"),
        (Duration(1), "P2D"),
        (Duration(5), "P7D"),
        (Duration(20), "P28D"),
        (Duration(3, "day"), "P3D"),
        (Duration(48, "hour"), "PT48H"),
    ],
)
def test_times_are_durations_of_iso_8601(time: Duration, expected: str) -> None:
    assert duration(time) == expected


def test_a_case_leads_to_its_implementation_and_both_to_their_item(full: Triples) -> None:
    assert full.value(service(), CV.relatedService) == service("permit-east")
    items = [set(full.objects(service(code), CV.isClassifiedBy)) for code in ("permit-east", "permit-east-01")]
    assert URIRef(f"urn:uuid:{IDENTITIES.of('item', 'permit')}") in items[0] & items[1]


def test_what_is_for_enterprises_alone_is_grouped_by_business_events() -> None:
    data = exported((entry(audience=["enterprise"], level="implementation"), AROUND))
    (event,) = data.objects(service(), CV.isGroupedBy)
    assert (event, RDF.type, CV.BusinessEvent) in data
    assert violations(data) == []


def test_what_is_internal_stays_so() -> None:
    assert "secret-4" not in exported((entry(), AROUND)).serialize()


def test_the_same_is_described_alike() -> None:
    one, other = (describe(entry(), IDENTITIES, AROUND) for _ in range(2))
    assert msgspec.json.encode([one.own, one.shared]) == msgspec.json.encode([other.own, other.shared])
