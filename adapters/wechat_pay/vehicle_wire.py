"""What travels between us and WeChat Pay's parking by credit score (``/v3/vehicle/…``), as a service provider.

From the official Go SDK; these structs never leave the adapter.
"""

from msgspec import Struct


class PlateService(Struct):
    """Of ``parking/services/find``."""

    plate_number: str
    service_state: str


class ParkingRequest(Struct):
    """For ``parking/parkings``; ``free_duration`` in seconds, 0 is legal."""

    sub_mchid: str
    out_parking_no: str
    plate_number: str
    plate_color: str
    notify_url: str
    start_time: str
    parking_name: str
    free_duration: int


class ParkingReply(Struct):
    """WeChat Pay's ``id`` of a stay; while its ``state`` is BLOCKED the ``block_reason`` says why."""

    id: str
    out_parking_no: str
    state: str
    block_reason: str = ""


class ChargeAmount(Struct):
    """In fen."""

    total: int
    currency: str = "CNY"


class ParkingInfo(Struct):
    """For what is charged; ``charging_duration`` in seconds."""

    parking_id: str
    plate_number: str
    plate_color: str
    start_time: str
    end_time: str
    parking_name: str
    charging_duration: int
    device_id: str


class ChargeRequest(Struct):
    """For ``transactions/parking``."""

    appid: str
    sub_mchid: str
    description: str
    out_trade_no: str
    trade_scene: str
    notify_url: str
    profit_sharing: str
    amount: ChargeAmount
    parking_info: ParkingInfo


class ChargeTrade(Struct):
    """A charge as its request, a query or a callback shows it. ``bank_type`` BPA: WeChat has advanced the money."""

    out_trade_no: str
    trade_state: str
    trade_scene: str = ""
    sp_mchid: str = ""
    sub_mchid: str = ""
    transaction_id: str = ""
    success_time: str | None = None
    bank_type: str = ""
    user_repaid: str = ""
    amount: ChargeAmount | None = None


class EntranceChange(Struct):
    """Of VEHICLE.ENTRANCE_STATE_CHANGE; spelling of the state's reason unverified."""

    sp_mchid: str
    out_parking_no: str
    parking_id: str
    parking_state: str
    blocked_state_description: str = ""
    state_update_time: str = ""
