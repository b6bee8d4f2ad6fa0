"""What FHIR's read API can do, as its CapabilityStatement says it (https://hl7.org/fhir/R4/capabilitystatement.html)."""

from typing import Any

SEARCHED: dict[str, dict[str, str]] = {
    "Schedule": {"service-type": "token"},
    "Slot": {"schedule": "reference", "start": "date", "status": "token"},
    "Appointment": {"date": "date", "identifier": "token", "status": "token"},
}
"""What each type can be searched by."""
SCOPE = "appointments:read"


def capability(base: str) -> dict[str, Any]:
    """Return the statement of the API at an address."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-12-01",
        "kind": "instance",
        "implementation": {"description": "Appointments of the city's departments", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "rest": [
            {
                "mode": "server",
                "documentation": "Schedules and slots are public; appointments are for the department's programs.",
                "security": {"description": f"OAuth 2.0 client credentials with the scope {SCOPE}, for Appointment."},
                "resource": [
                    {
                        "type": name,
                        "interaction": [{"code": "read"}, {"code": "search-type"}],
                        "searchParam": [{"name": each, "type": kind} for each, kind in parameters.items()],
                    }
                    for name, parameters in SEARCHED.items()
                ],
            }
        ],
    }
