"""What a department asks of an applicant, and what of it the published entry does not list."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from services_catalog.entries.asks import Ask
from services_catalog.entries.fees import Fee
from services_catalog.entries.fields import Fields
from services_catalog.entries.words import Code

Kind = Literal["material", "condition", "fee"]
_FEN = {"fen": 1, "yuan": 100}
_LONGEST = 64  # characters of an id that nobody lists: what is stored of it
_MOST = 200  # of a kind in one answer


class Charge(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An amount to be paid, in fen; ``item`` None: for everything together."""

    amount_fen: Annotated[int, Meta(ge=0, le=10**12, description="Fen, a whole number: 900 is 9 yuan.")]
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


def beyond(entry: Fields, demands: Demands) -> list[Beyond]:
    """Return what an entry, with all that it inherits, does not list. What a channel says itself holds there."""
    channel = next((each for each in entry.channels or () if each.id == demands.channel), None)
    own = channel.overrides if channel else None
    materials = own.materials if own and own.materials is not None else entry.materials
    conditions = (
        own.acceptance_conditions if own and own.acceptance_conditions is not None else entry.acceptance_conditions
    )
    fee = (own.fee if own else None) or entry.fee or None
    found = [
        *_unlisted("material", demands.materials, {each.id for each in materials or ()}),
        *_unlisted("condition", demands.conditions, {each.id for each in conditions or ()}),
    ]
    return [*found, *(each for charge in demands.fees for each in _overcharged(charge, fee))]


def demanded(asks: Sequence[Ask], answer: Any) -> Demands:
    """Return what an answer asks for at the places that its entry names. What cannot be read there is not asked for."""
    materials = _ids(asks, "material", answer)
    conditions = _ids(asks, "condition", answer)
    fees = [
        Charge(fen, ask.item)
        for ask in asks
        if ask.kind == "fee"
        for value in _at(answer, ask.at)
        if (fen := _fen(value, ask.unit)) is not None
    ]
    return Demands(materials=materials, conditions=conditions, fees=tuple(fees[:_MOST]))


def _unlisted(kind: Kind, asked: Iterable[str], listed: set[str]) -> Iterator[Beyond]:
    for each in dict.fromkeys(asked):
        if each not in listed:
            yield Beyond(kind, each, f"the {kind} {each!r} is not in the guide")


def _overcharged(charge: Charge, fee: Fee | None) -> Iterator[Beyond]:
    items = {each.id: each.amount_fen for each in fee.items} if fee and fee.charged else {}
    name = charge.item or "all"
    if charge.item is not None and charge.item not in items:
        if charge.amount_fen:
            yield Beyond("fee", name, f"the fee {name!r} is not in the guide")
        return
    amounts = [items[charge.item]] if charge.item is not None else [*items.values()]
    if None in amounts:  # a rule in words: nobody can tell
        return
    most = sum(each or 0 for each in amounts)
    if charge.amount_fen > most:
        yield Beyond("fee", name, f"{charge.amount_fen} fen are asked, and the guide says {most} at most")


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
        amount = Decimal(getattr(value, "digits", None) or str(value)) * _FEN[unit]
        return int(amount.to_integral_value("ROUND_CEILING")) if amount.is_finite() and amount >= 0 else None
    except (InvalidOperation, ValueError):
        return None
