"""What every record of the export needs: its identifier, its texts in one language, and nothing that is empty."""

from typing import Any

from services_catalog.entries.words import Localized, LocalizedProse, said_in
from services_catalog.exports.around import Around
from services_catalog.exports.identities import Identities

Record = dict[str, Any]


class Writer:
    """Writes records in one language: HSDS has no texts in several. What is not translated stands in Chinese."""

    def __init__(self, identities: Identities, around: Around, language: str) -> None:
        self.identities = identities
        self.around = around
        self.language = language

    def say(self, text: Localized | LocalizedProse) -> str:
        """Return a text in the export's language."""
        return said_in(self.language, text).text

    def record(self, kind: str, *codes: str, **said: Any) -> Record:
        """Return a record with what is known of it."""
        known = {name: value for name, value in said.items() if value not in (None, "", [])}
        return {"id": self.identities.of(kind, *codes), **known}
