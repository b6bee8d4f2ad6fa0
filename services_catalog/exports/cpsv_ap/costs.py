"""What a service costs, in yuan, and how long it takes; both may depend on the channel."""

import math
from collections.abc import Mapping

from services_catalog.entries.fees import Fee
from services_catalog.entries.times import Duration
from services_catalog.exports.cpsv_ap.graph import YUAN, Graph, joined, texts
from services_catalog.exports.labels import FREE
from services_catalog.reading.shown import Shown


def duration(time: Duration) -> str:
    """Return an amount of time as ISO 8601 has it, which knows no working days.

    They become days of the calendar, in a week without holidays: seven for five, rounded up.
    """
    if time.amount == 0:
        return "PT0S"
    return f"PT{time.amount}H" if time.unit == "hour" else f"P{math.ceil(time.hours() / 24)}D"


def costs(graph: Graph, entry: Shown, channels: Mapping[str, str]) -> list[str]:
    """Describe what is charged; where channels differ, what is charged at each. ``channels`` are nodes by code."""
    differing = {
        each.id: each.overrides.fee
        for each in entry.channels or ()
        if each.overrides is not None and each.overrides.fee is not None
    }
    usual = entry.fee or None
    if not differing:
        return _charges(graph, entry, usual, "", None)
    return [
        cost
        for code, channel in channels.items()
        for cost in _charges(graph, entry, differing.get(code, usual), code, channel)
    ]


def _charges(graph: Graph, entry: Shown, fee: Fee | None, code: str, channel: str | None) -> list[str]:
    """Describe the charges at one channel, ``code`` and its node, or at all of them."""
    if fee is None:
        return []
    authority = graph.name("organisation", entry.authority.code)
    every = {"ifAccessedThrough": channel, "isDefinedBy": authority}
    if not fee.charged:
        free = _charge(graph, (entry.code, code, "free"), hasValue=0.0, description=texts(FREE), **every)
        return [free]
    return [
        _charge(
            graph,
            (entry.code, code, item.id),
            hasValue=None if item.amount_fen is None else item.amount_fen / 100,
            description=joined(text for text in (item.name, item.standard) if text is not None),
            **every,
        )
        for item in fee.items
    ]


def _charge(graph: Graph, codes: tuple[str, ...], **said: object) -> str:
    currency = None if said["hasValue"] is None else graph.share(YUAN, "Concept")
    return graph.node("cost", codes, "Cost", identifier="/".join(filter(None, codes)), currency=currency, **said)
