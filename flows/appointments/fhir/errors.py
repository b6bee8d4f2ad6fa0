"""What FHIR's read API refuses; it is answered as an OperationOutcome."""

from kernel.errors import YiwangError


class FhirParameterError(YiwangError):
    """A search parameter is unknown here, or its value cannot be read."""

    code = "FHIR_PARAMETER"
    http_status = 400


class FhirNotFoundError(YiwangError):
    """There is no such resource, or not for whoever asks."""

    code = "FHIR_NOT_FOUND"
    http_status = 404
