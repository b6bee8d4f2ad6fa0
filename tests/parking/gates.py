"""Gate events as tests write them."""

from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from flows.parking.sessions import GateEvent
from tests.parking.tariffs import at

START = at("11-02 09:00")


def plate(text: str) -> str:
    return f"plate:{text}"


def event(kind: Any, minutes: float, text: str = "沪A12345", **more: Any) -> GateEvent:
    """An event so many minutes after nine; each moment and lane has its own id."""
    moment: datetime = START + timedelta(minutes=minutes)
    direction = more.pop("direction", "enter" if kind == "enter" else "exit")
    number = round(minutes * 60)
    return GateEvent(
        id=uuid5(NAMESPACE_URL, f"{kind} {number} {text} {direction}"),
        device_id=more.pop("device_id", f"gate-{direction}"),
        seq=more.pop("seq", number),
        kind=kind,
        direction=direction,
        occurred_at=moment,
        credential=plate(text) if text else "",
        color=more.pop("color", "blue"),
        **more,
    )
