"""What a service asks for: documents, money, conditions; and the terms by which it is classified."""

from collections.abc import Iterator, Sequence
from typing import Any

from services_catalog.entries.conditions import All, Condition, Is, Rule
from services_catalog.entries.fees import Fee, FeeItem
from services_catalog.entries.materials import Material
from services_catalog.exports.hsds.record import Record, Writer
from services_catalog.exports.labels import FREE, label
from services_catalog.exports.uris import uri
from services_catalog.reading.shown import Shown

_YUAN = "CNY"


def required_documents(writer: Writer, entry: Shown) -> list[Record]:
    """Return what has to be brought; what only one channel asks for says so."""
    found = [_document(writer, entry, each, "", "") for each in entry.materials or ()]
    for code, at, materials in _differing(writer, entry, "materials"):
        found += [_document(writer, entry, each, code, at) for each in materials]
    return found


def cost_options(writer: Writer, entry: Shown) -> list[Record]:
    """Return what is charged, in yuan; what is charged at one channel says so."""
    found = _charges(writer, entry, entry.fee, "", "") if entry.fee else []
    for code, at, fee in _differing(writer, entry, "fee"):
        found += _charges(writer, entry, fee, code, at)
    return found


def fees_description(writer: Writer, entry: Shown) -> str | None:
    """Return in words what is charged."""
    if not entry.fee:
        return None
    if not entry.fee.charged:
        return writer.say(FREE)
    return "; ".join(_charge_in_words(writer, each) for each in entry.fee.items)


def eligibility(writer: Writer, entry: Shown) -> Record:
    """Return who may have it: every condition as text, and the ages among the rules."""
    conditions = entry.acceptance_conditions or ()
    lines = [writer.say(each.text) for each in conditions]
    for _, at, own in _differing(writer, entry, "acceptance_conditions"):
        lines += [f"{at}: {writer.say(each.text)}" for each in own]
    ages = [fact for each in conditions for fact in _ages(each)]
    least = [fact.value for fact in ages if fact.comparison == "at_least"]
    most = [fact.value for fact in ages if fact.comparison == "at_most"]
    said: Record = {"eligibility_description": "\n".join(lines)} if lines else {}
    return said | ({"minimum_age": max(least)} if least else {}) | ({"maximum_age": min(most)} if most else {})


def attributes(writer: Writer, entry: Shown) -> list[Record]:
    """Return the terms that classify a service, each with the list that it is of."""
    lists: tuple[tuple[str, Sequence[str]], ...] = (
        ("item-type", (entry.item_type,) if entry.item_type else ()),
        ("audience", entry.audience or ()),
        ("topic", entry.topics or ()),
        ("local-topic", entry.local_topics or ()),
        ("life-event", entry.life_events or ()),
        ("item", (entry.item,)),
    )
    return [_attribute(writer, entry, scheme, code) for scheme, codes in lists for code in codes]


def _attribute(writer: Writer, entry: Shown, scheme: str, code: str) -> Record:
    named = writer.say(writer.around.label(scheme, code))
    listed = writer.say(label("scheme", scheme))
    taxonomy = writer.record("taxonomy", scheme, name=listed, description=listed)
    term = writer.record(
        *(scheme, code),
        code=code,
        name=named,
        description=named,
        taxonomy=listed,
        taxonomy_id=taxonomy["id"],
        taxonomy_detail=taxonomy,
        language=writer.language,
    )
    return writer.record(
        *("attribute", entry.code, scheme, code),
        link_id=writer.identities.service(entry.code),
        link_type=scheme,
        link_entity="service",
        taxonomy_term_id=term["id"],
        taxonomy_term=term,
    )


def _differing(writer: Writer, entry: Shown, key: str) -> Iterator[tuple[str, str, Any]]:
    """Yield what channels ask for in place of what the entry does: the channel's code, its name, and that."""
    for channel in entry.channels or ():
        own = getattr(channel.overrides, key) if channel.overrides else None
        if own is not None:
            yield channel.id, writer.say(channel.name or label("channel", channel.kind)), own


def _document(writer: Writer, entry: Shown, material: Material, channel: str, at: str) -> Record:
    forms = ", ".join(writer.say(label("form", each)) for each in material.forms)
    page = material.blank_form or material.sample
    more = [text for text in (material.condition, material.standard) if text is not None]
    lines = [f"{writer.say(material.name)} ({forms} × {material.copies})", *map(writer.say, more)]
    return writer.record(
        *("required-document", entry.code, channel, material.id),
        service_id=writer.identities.service(entry.code),
        document=(f"{at}: " if at else "") + "; ".join(lines),
        uri=uri(page) if page else None,
    )


def _charges(writer: Writer, entry: Shown, fee: Fee, channel: str, at: str) -> list[Record]:
    items = fee.items if fee.charged else (FeeItem(id="free", name=FREE, amount_fen=0),)
    return [
        writer.record(
            *("cost-option", entry.code, channel, item.id),
            service_id=writer.identities.service(entry.code),
            option=(f"{at}: " if at else "") + writer.say(item.name),
            currency=None if item.amount_fen is None else _YUAN,
            amount=None if item.amount_fen is None else item.amount_fen / 100,
            amount_description=writer.say(item.standard) if item.standard else None,
        )
        for item in items
    ]


def _charge_in_words(writer: Writer, item: FeeItem) -> str:
    amount = None if item.amount_fen is None else f"{item.amount_fen / 100:.2f} {_YUAN}"
    standard = writer.say(item.standard) if item.standard else None
    return " ".join(filter(None, (writer.say(item.name), amount, standard)))


def _ages(condition: Condition) -> Iterator[Is]:
    """Yield the bounds of age that certainly hold: those that stand alone or in a rule of which all must hold."""
    waiting: list[Rule] = [condition.rule] if condition.rule is not None else []
    while waiting:
        rule = waiting.pop()
        if isinstance(rule, All):
            waiting += rule.of
        elif isinstance(rule, Is) and rule.fact == "age" and type(rule.value) is int:
            yield rule
