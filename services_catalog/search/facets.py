"""How many of the entries found have which topic, audience, channel, district and authority."""

from tantivy import Query, Searcher

from services_catalog.search.documents import COUNTED
from services_catalog.search.query import Count, Facets

_VALUES = 200  # of one facet: more than a city has topics or districts; of authorities the most frequent


def facets(searcher: Searcher, query: Query) -> Facets:
    """Count everything that the query finds."""
    wanted = {name: {"terms": {"field": name, "size": _VALUES, "segment_size": 10 * _VALUES}} for name in COUNTED}
    counted = searcher.aggregate(query, wanted)
    return Facets(
        **{
            name: tuple(
                sorted(
                    (Count(each["key"], each["doc_count"]) for each in counted[name]["buckets"]),
                    key=lambda each: (-each.count, each.value),
                )
            )
            for name in COUNTED
        }
    )
