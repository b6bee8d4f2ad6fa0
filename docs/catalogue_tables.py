"""The tables of catalogue.md, made from what the program itself reads and reasons with."""

import inspect
import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import Meta, Struct, UnsetType

from services_catalog.entries.fields import FIELDS, SAID_AT, Fields
from services_catalog.entries.rules import RULES
from services_catalog.entries.sheet import FLAT
from services_catalog.lifecycle.states import NEEDS, TRANSITIONS, State
from services_catalog.organisations.roles import MAY

MEANING: Mapping[str, str] = {
    "name": "The official name.",
    "alternate_names": "Other names that people search by.",
    "everyday_name": "What people call it.",
    "summary": "What it is, in a few sentences.",
    "item_type": "What kind of power it is (行政许可, 公共服务, …).",
    "power_source": "Where the power comes from.",
    "legal_basis": "The laws that it stands on.",
    "exercised_at": "On which tiers it is exercised.",
    "local_codes": "Codes by scheme, such as `cn-region` or a province's own.",
    "audience": "Who may apply.",
    "topics": "Topics of the city's list.",
    "local_topics": "Topics of the authority's own.",
    "life_events": "Life events (一件事) that it belongs to.",
    "acceptance_conditions": "Who may have it: for people as text, for machines as a rule.",
    "minimum_level": "How surely the resident must be known.",
    "allowed_proxies": "Kinds of mandates by which somebody may act for another.",
    "entrusted_organisation": "Who does it in the authority's place.",
    "joint_organisations": "Who acts together with it.",
    "materials": "What has to be brought: each with the law that asks for it.",
    "statutory_time": "How long it may take by law.",
    "promised_time": "How long it takes as promised; zero: while you wait.",
    "special_steps": "Hearings, expert reviews, announcements.",
    "fee": "What it costs, in fen.",
    "on_site_visits": "Trips that are needed.",
    "on_site_reason": "Why.",
    "online_depth": "How far it runs online (I to IV).",
    "data_requests": "Which data about the applicant is fetched, and why.",
    "result": "What one gets.",
    "rights_duties": "Rights and duties of the applicant.",
    "faqs": "Questions that are often asked.",
    "channels": "Where and how; a channel may differ in time, fee, materials, conditions and visits.",
    "locations": "Places, with hours.",
    "delivery": "How materials come in and the result goes out.",
    "appointment": "Whether a visit can be booked.",
    "cross_region": "How far away from home it can be had.",
    "contact": "Whom to ask.",
    "remedies": "Where to complain, ask for review, sue.",
    "accessibility": "The plain-language variant and other help.",
    "host_requirements": "The least version of each host app.",
    "binding": "What opens the service.",
    "steps": "The services of the life event, in an order.",
    "effective_from": "The first day on which it holds.",
    "withdraw_on": "The day on which it ends.",
    "owner_contact": "Who answers for the text.",
    "assured_on": "When somebody last checked the content.",
}
STANDS: Mapping[State, str] = {
    "draft": "being written; only its authors' side sees it",
    "submitted": "frozen; the machine is checking it, which takes a moment",
    "checked": "breaks no rule; waits for a reviewer",
    "in_review": "a reviewer has taken it",
    "approved": "may be published",
    "scheduled": "will be published at a time",
    "published": "what residents see",
    "degraded": "what residents see, with a word that what it opens does not work at the moment",
    "suspended": "taken off for the time being, with all that inherits from it",
    "rejected": "sent back, with reasons by field",
    "superseded": "a later version has taken its place",
    "withdrawn": "taken off for good",
}


def sections() -> dict[str, str]:
    """Return the text of every generated section by its name."""
    return {
        "fields": _fields(),
        "values": _values(),
        "rules": _rules(),
        "states": _states(),
        "steps": _steps(),
        "columns": _columns(),
    }


def spliced(page: str, made: Mapping[str, str]) -> str:
    """Return a page with what stands between ``<!-- name -->`` and ``<!-- end -->`` made anew."""
    for name, text in made.items():
        before, begun, rest = page.partition(f"<!-- {name} -->\n")
        _, ended, after = rest.partition("<!-- end -->\n")
        if not begun or not ended:
            raise ValueError(f"the page has no section {name}")
        page = f"{before}{begun}{text}{ended}{after}"
    return page


def _table(*rows: tuple[str, ...]) -> str:
    head, *body = rows
    lines = [head, tuple("---" for _ in head), *body]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def _fields() -> str:
    kinds = {field.name: field.type for field in msgspec.structs.fields(Fields)}
    rows = [(f"`{name}`", MEANING[name], _shown(kinds[name]), ", ".join(SAID_AT[name])) for name in FIELDS]
    return _table(("field", "what it says", "value", "said by"), *rows)


def _values() -> str:
    return "\n".join(
        f"### {struct.__name__}\n\n{_first_line(struct)}\n\n{_keys(struct)}" for struct in _structs(Fields, set())
    )


def _rules() -> str:
    rows = ((f"`{rule.id}`", rule.level, rule.reason) for rule in RULES)
    return _table(("rule", "level", "why there is one"), *rows)


def _states() -> str:
    return _table(("state", "what it means"), *((f"`{state}`", STANDS[state]) for state in get_args(State)))


def _steps() -> str:
    rows = []
    for (before, event), after in TRANSITIONS.items():
        action = NEEDS.get(event)
        who = ", ".join(sorted(MAY[action])) if action else "the platform"
        rows.append((f"`{before}`", f"`{event}`", f"`{after}`", who))
    return _table(("from", "step", "to", "who"), *rows)


def _columns() -> str:
    kinds = {"text": "text", "words": "codes, separated by spaces", "number": "a whole number"}
    rows = ((f"`{name}`", "`" + ".".join(each.path) + "`", kinds[each.kind]) for name, each in FLAT.items())
    return _table(("column", "what it is in `fields`", "value"), *rows)


def _first_line(struct: type[Struct]) -> str:
    return " ".join((inspect.getdoc(struct) or "").split("\n\n")[0].split()).replace("``", "`")


def _keys(struct: type[Struct]) -> str:
    rows = []
    config = struct.__struct_config__
    if config.tag_field:
        rows.append((f"`{config.tag_field}`", "yes", f"`{config.tag}`"))
    for field in msgspec.structs.fields(struct):
        needed = "yes" if field.required else ""
        rows.append((f"`{field.encode_name}`", needed, _shown(field.type)))
    return _table(("key", "needed", "value"), *rows)


def _structs(struct: type[Struct], seen: set[type[Struct]]) -> Iterator[type[Struct]]:
    """Yield the structs that a struct's keys hold, each once, in the order in which they are first met."""
    for field in msgspec.structs.fields(struct):
        for inner in _within(field.type):
            if inner not in seen:
                seen.add(inner)
                yield inner
                yield from _structs(inner, seen)


def _within(type_: Any) -> Iterator[type[Struct]]:
    if isinstance(type_, type) and issubclass(type_, Struct):
        yield type_
    for each in get_args(type_):
        if get_origin(type_) is not Literal:
            yield from _within(each)


def _shown(type_: Any) -> str:
    """Say in words what a type takes."""
    origin, inner = get_origin(type_), get_args(type_)
    if origin is Annotated:
        said = next((meta.description for meta in inner[1:] if isinstance(meta, Meta) and meta.description), "")
        linked = ", ".join(_link(each) for each in _within(inner[0]))
        return " ".join(filter(None, (said, f"({linked})" if said and linked else linked))) or _shown(inner[0])
    if origin is Literal:
        return ", ".join(f"`{each}`" for each in inner)
    if origin in (Union, types.UnionType):
        return " or ".join(_shown(each) for each in inner if each not in (type(None), UnsetType))
    if origin in (tuple, dict):
        return f"list of: {_shown(inner[0])}" if origin is tuple else f"mapping; each value: {_shown(inner[1])}"
    if isinstance(type_, type) and issubclass(type_, Struct):
        return _link(type_)
    return _WORDS.get(type_, "any JSON value")


_WORDS = {bool: "`true`, `false`", int: "a whole number", float: "a number", str: "text"}


def _link(struct: type[Struct]) -> str:
    return f"[{struct.__name__}](#{struct.__name__.lower()})"
