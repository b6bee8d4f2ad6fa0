"""What parking refuses."""

from collections.abc import Sequence
from typing import Any, ClassVar

from msgspec import Struct

from kernel.errors import YiwangError
from supergraph.findings import Finding as Remark
from supergraph.findings import and_more


class Finding(Struct, frozen=True, order=True):
    """One thing that is wrong with a document: where it is (``rates[0].bands[1].end``), what, and how to mend it."""

    where: str
    problem: str
    fix: str


class TariffRefusedError(YiwangError):
    """A tariff's data cannot be charged by: the findings say where and how to mend it."""

    code: ClassVar[str] = "PARKING_TARIFF_REFUSED"
    http_status: ClassVar[int] = 422

    def __init__(self, findings: list[Finding]) -> None:
        first = findings[0]
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        super().__init__(f"The tariff's {first.where}: {first.problem}{more}", fix=first.fix)
        self.findings = findings

    @property
    def extensions(self) -> dict[str, Any]:
        return super().extensions | {
            "findings": [{"where": each.where, "problem": each.problem, "fix": each.fix} for each in self.findings]
        }


class PlateError(YiwangError):
    """A text is no licence plate."""

    code: ClassVar[str] = "PLATE_INVALID"
    http_status: ClassVar[int] = 422


class EventFieldError(YiwangError):
    """A gate event has a field that is wrong, or lacks one; ``field`` names it. The event is kept for inspection."""

    code: ClassVar[str] = "PARKING_EVENT_REFUSED"
    http_status: ClassVar[int] = 422

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}", fix="docs/parking_operators.md has the fields of a gate event.")
        self.field, self.problem = field, problem

    @property
    def extensions(self) -> dict[str, Any]:
        return super().extensions | {"field": self.field}


class OperatorFileError(YiwangError):
    """The file of operators, lots and tariffs contradicts itself or what is there; ``findings`` say where."""

    code: ClassVar[str] = "PARKING_FILE_REFUSED"
    http_status: ClassVar[int] = 422

    def __init__(self, findings: Sequence[Remark]) -> None:
        first = findings[0]
        super().__init__(f"{first.pointer}: {first.message}{and_more(findings)}", fix=first.fix)
        self.findings = findings


class UnknownLotError(YiwangError):
    """There is no such lot, or it is another operator's."""

    code: ClassVar[str] = "PARKING_LOT_UNKNOWN"
    http_status: ClassVar[int] = 404


class ActRefusedError(YiwangError):
    """What an operator's system wants is not possible as a session or dispute stands."""

    code: ClassVar[str] = "PARKING_ACT_REFUSED"
    http_status: ClassVar[int] = 409


class PermitRefusedError(YiwangError):
    """A permit cannot be assigned: its lots' tariffs know none of its name, or its time is over or taken."""

    code: ClassVar[str] = "PARKING_PERMIT_REFUSED"
    http_status: ClassVar[int] = 422


class UnknownPermitError(YiwangError):
    """There is no such permit, or it is another operator's."""

    code: ClassVar[str] = "PARKING_PERMIT_UNKNOWN"
    http_status: ClassVar[int] = 404


class CouponRefusedError(YiwangError):
    """A coupon cannot be granted or revoked as its session stands."""

    code: ClassVar[str] = "PARKING_COUPON_REFUSED"
    http_status: ClassVar[int] = 409


class UnknownCouponError(YiwangError):
    """There is no such coupon, or not for whoever asks."""

    code: ClassVar[str] = "PARKING_COUPON_UNKNOWN"
    http_status: ClassVar[int] = 404


class KeyReusedError(YiwangError):
    """An idempotency key of an operator's system came again with another call."""

    code: ClassVar[str] = "PARKING_KEY_REUSED"
    http_status: ClassVar[int] = 409


class QuoteRefusedError(YiwangError):
    """A stay that nobody can be told the price of."""

    code: ClassVar[str] = "PARKING_QUOTE_REFUSED"
    http_status: ClassVar[int] = 422


class UnknownDeviceError(YiwangError):
    """A device that sends gate events is at no lane."""

    code: ClassVar[str] = "PARKING_DEVICE_UNKNOWN"
    http_status: ClassVar[int] = 403


class TooManyEventsError(YiwangError):
    """A device sends more gate events at once than one request takes."""

    code: ClassVar[str] = "PARKING_EVENTS_TOO_MANY"
    http_status: ClassVar[int] = 413


class SiteLogError(YiwangError):
    """A site's log has a field that is wrong, or numbers of another day's; nothing of it is taken."""

    code: ClassVar[str] = "PARKING_SITE_LOG_REFUSED"
    http_status: ClassVar[int] = 422

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}", fix="docs/parking_operators.md has the fields of a site's log.")
        self.field, self.problem = field, problem

    @property
    def extensions(self) -> dict[str, Any]:
        return super().extensions | {"field": self.field}


class UnknownSessionError(YiwangError):
    """There is no such parking session, or not for whoever asks."""

    code: ClassVar[str] = "PARKING_SESSION_UNKNOWN"
    http_status: ClassVar[int] = 404


class NoTariffError(YiwangError):
    """What a parking session costs is not known: its lot has no tariff, or its entry was not seen."""

    code: ClassVar[str] = "PARKING_FEE_UNKNOWN"
    http_status: ClassVar[int] = 409


class AlreadyCoveredError(YiwangError):
    """A parking session is paid already, or nothing is due for it."""

    code: ClassVar[str] = "PARKING_ALREADY_PAID"
    http_status: ClassVar[int] = 409


class PaymentUnderwayError(YiwangError):
    """A payment for a parking session is under way."""

    code: ClassVar[str] = "PARKING_PAYMENT_UNDERWAY"
    http_status: ClassVar[int] = 409
    retryable: ClassVar[bool] = True


class DisputeRefusedError(YiwangError):
    """A dispute cannot be opened or decided as a parking session stands."""

    code: ClassVar[str] = "PARKING_DISPUTE_REFUSED"
    http_status: ClassVar[int] = 409


class VehicleTakenError(YiwangError):
    """A plate has a proven owner already."""

    code: ClassVar[str] = "VEHICLE_TAKEN"
    http_status: ClassVar[int] = 409


class VehicleUnprovenError(YiwangError):
    """What only a plate's proven owner may do, of which nobody else vouches for the resident."""

    code: ClassVar[str] = "VEHICLE_UNPROVEN"
    http_status: ClassVar[int] = 403


class NotKeeperError(YiwangError):
    """Whoever would be a plate's proven owner is not its keeper, by the vehicle register or by the licence."""

    code: ClassVar[str] = "VEHICLE_NOT_KEPT"
    http_status: ClassVar[int] = 409


class NoVehicleRegisterError(YiwangError):
    """The deployment has no vehicle register to ask."""

    code: ClassVar[str] = "NO_VEHICLE_REGISTER"
    http_status: ClassVar[int] = 503


class RegisterSilentError(YiwangError):
    """The vehicle register gives no answer that can be relied on now; nothing has changed."""

    code: ClassVar[str] = "VEHICLE_REGISTER_SILENT"
    http_status: ClassVar[int] = 503
    retryable: ClassVar[bool] = True


class UnknownVehicleError(YiwangError):
    """A resident is not bound to such a vehicle."""

    code: ClassVar[str] = "VEHICLE_UNKNOWN"
    http_status: ClassVar[int] = 404


class ScanRefusedError(YiwangError):
    """A scanned code is none that the use can be made of: not the city's, replaced, or of another place."""

    code: ClassVar[str] = "PARKING_SCAN_REFUSED"
    http_status: ClassVar[int] = 422
