"""What a department asks of an applicant, and what of it the published entry does not list."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, structs

from services_catalog.entries.asks import Ask
from services_catalog.entries.bindings import Binding
from services_catalog.entries.channels import Channel, ChannelOverrides
from services_catalog.entries.conditions import Condition
from services_catalog.entries.fees import Fee
from services_catalog.entries.materials import Material
from services_catalog.entries.words import Code

Kind = Literal["material", "condition", "fee"]
_FEN = {"fen": 1, "yuan": 100}
_LONGEST = 64  # characters of an id that nobody lists: what is stored of it
_MOST = 200  # of a kind in one answer
_MOST_FEN = 10**12  # ten thousand million yuan


class Charge(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An amount to be paid, in fen; ``item`` None: for everything together."""

    amount_fen: Annotated[int, Meta(ge=0, le=_MOST_FEN, description="Fen, a whole number: 900 is 9 yuan.")]
    item: Code | None = None


class Demands(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is asked for: materials and conditions by their ids in the entry, and fees; ``channel`` is where."""

    channel: Code | None = None
    materials: Annotated[tuple[Code, ...], Meta(max_length=_MOST)] = ()
    conditions: Annotated[tuple[Code, ...], Meta(max_length=_MOST)] = ()
    fees: Annotated[tuple[Charge, ...], Meta(max_length=_MOST)] = ()

    def __bool__(self) -> bool:
        return bool(self.materials or self.conditions or self.fees)


class Beyond(Struct, frozen=True):
    """One thing that is asked for and not listed."""

    kind: Kind
    id: str
    message: str


class Promised(Struct, frozen=True):
    """What a published entry promises, with all that it inherits: as much of it as demands are held to."""

    code: str
    version: int
    materials: tuple[Material, ...] = ()
    acceptance_conditions: tuple[Condition, ...] = ()
    fee: Fee | None = None
    channels: tuple[Channel, ...] = ()
    binding: Binding = Binding()
    effective_from: date | UnsetType = UNSET
    withdraw_on: date | UnsetType = UNSET


def beyond(entry: Promised, demands: Demands) -> list[Beyond]:
    """Return what an entry does not list for a channel; without one, for none of its channels.

    What a channel says itself holds there, in place of what the entry says.
    """
    promises = _promises(entry, demands.channel)
    materials = {each.id for promise in promises for each in promise.materials or ()}
    conditions = {each.id for promise in promises for each in promise.acceptance_conditions or ()}
    fees = [promise.fee for promise in promises]
    return [
        *_unlisted("material", demands.materials, materials),
        *_unlisted("condition", demands.conditions, conditions),
        *(each for charge in demands.fees if (each := _overcharged(charge, fees))),
    ]


def _promises(entry: Promised, channel: str | None) -> list[ChannelOverrides]:
    """Return what holds at a channel; without one, at each that says something itself, and elsewhere."""
    base = ChannelOverrides(fee=entry.fee, materials=entry.materials, acceptance_conditions=entry.acceptance_conditions)
    own = [each.overrides for each in entry.channels if each.overrides and channel in (None, each.id)]
    laid = [structs.replace(base, **dict(_said(each))) for each in own]
    return laid if channel is not None and laid else [base, *laid]


def _said(own: ChannelOverrides) -> Iterator[tuple[str, Any]]:
    """Yield what a channel says itself."""
    for name in ("fee", "materials", "acceptance_conditions"):
        if (value := getattr(own, name)) is not None:
            yield name, value


def demanded(asks: Sequence[Ask], answer: Any) -> list[Demands]:
    """Return what an answer asks for at the places that its entry names, by channel; what cannot be read is nothing."""
    found = []
    for channel in dict.fromkeys(ask.channel for ask in asks):
        here = [ask for ask in asks if ask.channel == channel]
        fees = [
            Charge(fen, ask.item)
            for ask in here
            if ask.kind == "fee"
            for value in _at(answer, ask.at)
            if (fen := _fen(value, ask.unit)) is not None
        ]
        materials, conditions = _ids(here, "material", answer), _ids(here, "condition", answer)
        found.append(Demands(channel=channel, materials=materials, conditions=conditions, fees=tuple(fees[:_MOST])))
    return [each for each in found if each]


def _unlisted(kind: Kind, asked: Iterable[str], listed: set[str]) -> Iterator[Beyond]:
    for each in dict.fromkeys(asked):
        if each not in listed:
            yield Beyond(kind, each, f"the {kind} {each!r} is not in the guide")


def _overcharged(charge: Charge, fees: Iterable[Fee | None]) -> Beyond | None:
    """Return what is wrong with a charge by every one of some fees; None if it is right by one of them."""
    name = charge.item or "all"
    most = [_most(charge, fee) for fee in fees]
    if not charge.amount_fen or any(each is not None and charge.amount_fen <= each for each in most):
        return None
    known = [each for each in most if each is not None]
    if not known:
        return Beyond("fee", name, f"the fee {name!r} is not in the guide")
    return Beyond("fee", name, f"{charge.amount_fen} fen are asked, and the guide says {max(known)} at most")


def _most(charge: Charge, fee: Fee | None) -> int | None:
    """Return the most that a fee lets be asked, no end to it if it is a rule in words; None if it is not in it."""
    items = {each.id: each.amount_fen for each in fee.items} if fee and fee.charged else {}
    if charge.item is not None and charge.item not in items:
        return None
    amounts = [items[charge.item]] if charge.item is not None else [*items.values()]
    return _MOST_FEN if None in amounts else sum(each or 0 for each in amounts)


def _ids(asks: Sequence[Ask], kind: Kind, answer: Any) -> tuple[str, ...]:
    found = (value for ask in asks if ask.kind == kind for value in _at(answer, ask.at))
    return tuple(dict.fromkeys(_id(each) for each in found if isinstance(each, str | int)))[:_MOST]


def _id(value: str | int) -> str:
    return "".join(each for each in str(value)[:_LONGEST] if each.isprintable())


def _at(value: Any, path: str) -> Iterator[Any]:
    """Yield the values at a path such as ``missing[].code``; nothing where the answer goes another way."""
    step, _, rest = path.partition(".")
    name, lists = step.replace("[]", ""), step.count("[]")
    found = value if not name else value.get(name) if isinstance(value, dict) else None
    for each in _items(found, lists):
        if rest:
            yield from _at(each, rest)
        elif each is not None:
            yield each


def _items(value: Any, depth: int) -> Iterator[Any]:
    if depth == 0:
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _items(each, depth - 1)


def _fen(value: Any, unit: str) -> int | None:
    """Return an amount in fen, rounded up; None for what is none. No float ever: digits are read as they came."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        amount = Decimal(str(getattr(value, "digits", value))[:_LONGEST])
    except InvalidOperation:
        return None
    if not (amount.is_finite() and 0 <= amount <= _MOST_FEN):
        return None
    fen = int((amount * _FEN[unit]).to_integral_value("ROUND_CEILING"))
    return fen if fen <= _MOST_FEN else None
