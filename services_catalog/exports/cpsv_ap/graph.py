"""The nodes that describe one service, as they are put together."""

from collections.abc import Iterable, Sequence
from typing import Any

from services_catalog.entries.words import Localized, LocalizedProse
from services_catalog.exports.around import Around
from services_catalog.exports.identities import Identities
from services_catalog.exports.uris import uri

Node = dict[str, Any]

CHINESE = "http://publications.europa.eu/resource/authority/language/ZHO"
YUAN = "http://publications.europa.eu/resource/authority/currency/CNY"
WEEKLY = "http://publications.europa.eu/resource/authority/frequency/WEEKLY"
IN_USE = "http://purl.org/adms/status/Completed"


class Graph:
    """``own`` are the nodes that only this service has; ``shared`` are those that others refer to, too.

    Every method returns the identifier of the node that it describes.
    """

    def __init__(self, identities: Identities, around: Around) -> None:
        self.around = around
        self.own: dict[str, Node] = {}
        self.shared: dict[str, Node] = {}
        self._identities = identities

    def name(self, kind: str, *codes: str) -> str:
        """Return the identifier of a thing."""
        return f"urn:uuid:{self._identities.of(kind, *codes)}"

    def node(self, kind: str, codes: Sequence[str], type_: str, /, **said: Any) -> str:
        """Describe a thing of this service's own by what is known of it."""
        identifier = self.name(kind, *codes)
        self.own[identifier] = _described(identifier, type_, said)
        return identifier

    def share(self, identifier: str, /, *types: str, **said: Any) -> str:
        """Describe a thing that other services may refer to: the same everywhere."""
        self.shared[identifier] = _described(identifier, types[0] if len(types) == 1 else list(types), said)
        return identifier

    def concept(self, scheme: str, code: str) -> str:
        """Describe a term of one of the lists that entries choose from."""
        named = self.around.label(scheme, code)
        shown = None if named.zh == code else texts(named)
        return self.share(self.name(scheme, code), "Concept", notation=code, prefLabel=shown)

    def document(self, url: str) -> str:
        """Describe a page: there are more of them than it pays to remember."""
        identifier = uri(url)
        self.own[identifier] = _described(identifier, "Document", {})
        return identifier


def texts(text: Localized | LocalizedProse) -> dict[str, str]:
    """Return a text by language."""
    return {"zh": text.zh} | ({"en": text.en} if text.en else {})


def joined(parts: Iterable[Localized | LocalizedProse]) -> dict[str, str]:
    """Return several texts as one, by language: in English only if all are translated."""
    given = list(parts)
    said = {"zh": "\n".join(each.zh for each in given)}
    english = [each.en for each in given if each.en]
    return said | ({"en": "\n".join(english)} if english and len(english) == len(given) else {}) if given else {}


def _described(identifier: str, type_: Any, said: dict[str, Any]) -> Node:
    return {"id": identifier, "type": type_} | {
        name: value for name, value in said.items() if value not in (None, [], {})
    }
