"""What is named in FHIR but has no resource there: services, offices, people; by systems below the API's address."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from flows.appointments.fhir.wire import CodeableConcept, Coding, Identifier, Reference


class Naming(Struct, frozen=True):
    """``base`` is the API's address, ``services`` the names of services by their codes."""

    base: str
    services: Mapping[str, str]

    def types(self, services: Iterable[str]) -> tuple[CodeableConcept, ...]:
        system = f"{self.base}/services"
        return tuple(
            CodeableConcept(coding=(Coding(system=system, code=each, display=self.services.get(each, "")),))
            for each in services
        )

    def identifier(self, kind: str, value: str) -> Identifier:
        return Identifier(system=f"{self.base}/{kind}", value=value)

    def office(self, row: Mapping[str, Any]) -> Reference:
        identifier = self.identifier("offices", row["office"])
        return Reference(type="Location", identifier=identifier, display=row["office_name"])

    def resource(self, row: Mapping[str, Any]) -> Reference:
        kind = "Practitioner" if row["kind"] == "officer" else "Location"
        identifier = self.identifier("resources", f"{row['office']}/{row['code']}")
        return Reference(type=kind, identifier=identifier, display=row["name_zh"])
