"""Entries as they are shown: one that says every field, those of the example departments, and generated ones."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from services_catalog.demo.entries import departments, entries
from services_catalog.demo.organisations import Sizes, areas
from services_catalog.entries.document import EntryDocument
from services_catalog.entries.entry_file import read_file
from services_catalog.entries.fields import said
from services_catalog.entries.inheritance import Layer, effective
from services_catalog.entries.words import Localized
from services_catalog.exports.around import Around, Body
from services_catalog.exports.identities import Identities
from services_catalog.reading.shown import Authority, Shown

EXAMPLES = Path(__file__).parents[3] / "examples" / "departments"
IDENTITIES = Identities("https://city.example")
SINCE = datetime(2026, 5, 4, 1, tzinfo=UTC)
LAW = {
    "law": {"zh": "户口登记条例", "en": "Regulations on Household Registration"},
    "number": "主席令",
    "article": "第七条",
}
CONTACT = {"phone": "010-1", "url": "https://ask.example/", "address": {"zh": "一号"}, "note": {"zh": "工作日"}}
HOURS = [
    {"days": ["MO", "SA"], "opens": "09:00", "closes": "17:00", "valid_from": "2026-01-01", "note": {"zh": "午休"}}
]
MATERIAL = {
    "id": "id-card",
    "name": {"zh": "身份证", "en": "ID card"},
    "forms": ["original", "copy"],
    "condition": {"zh": "本人办理"},
    "standard": {"zh": "在有效期内"},
    "blank_form": "https://form.example/",
    "sample": "https://sample.example/",
    "licence": "L1",
}
CONDITION = {
    "id": "adult",
    "text": {"zh": "年满18周岁", "en": "18 years or older"},
    "rule": {
        "rule": "all",
        "of": [
            {"rule": "fact", "fact": "age", "comparison": "at_least", "value": 18},
            {"rule": "fact", "fact": "age", "comparison": "at_most", "value": 60},
        ],
    },
    "legal_basis": LAW,
}
FEE = {"charged": True, "items": [{"id": "f", "name": {"zh": "工本费"}, "amount_fen": 950, "standard": {"zh": "每证"}}]}
EVERY_FIELD: dict[str, Any] = {
    "name": {"zh": "居住证办理", "en": "Residence permit"},
    "alternate_names": [{"zh": "暂住证"}],
    "everyday_name": {"zh": "办居住证", "en": "Permit"},
    "summary": {"zh": "为来本市居住的人办理居住证。", "en": "For those who come to live here."},
    "item_type": "permission",
    "power_source": "statutory",
    "legal_basis": [LAW],
    "exercised_at": ["city"],
    "local_codes": {"cn-region": "110105"},
    "audience": ["person", "enterprise"],
    "topics": ["household"],
    "local_topics": ["permits"],
    "life_events": ["moving"],
    "acceptance_conditions": [CONDITION],
    "minimum_level": "L3",
    "allowed_proxies": ["elder"],
    "entrusted_organisation": "town",
    "joint_organisations": ["west"],
    "materials": [MATERIAL],
    "statutory_time": {"amount": 20},
    "promised_time": {"amount": 5},
    "special_steps": [{"name": {"zh": "公示"}, "time": {"amount": 3}}],
    "fee": FEE,
    "on_site_visits": 1,
    "on_site_reason": {"zh": "采集照片"},
    "online_depth": 3,
    "data_requests": [{"source": "民政", "fields": ["address"], "purpose": "residence", "retention_days": 1}],
    "result": {"kind": "licence", "name": {"zh": "居住证"}, "sample": "https://r.example/", "validity": {"zh": "一年"}},
    "rights_duties": {"zh": "如实提供材料。"},
    "faqs": [{"question": {"zh": "多久？"}, "answer": {"zh": "五天。"}}],
    "channels": [
        {"id": "hall", "kind": "window", "location": "main", "hours": HOURS, "guidance": {"zh": "先取号"}},
        {"id": "web", "kind": "web", "url": "https://web.example/", "hours": HOURS, "name": {"zh": "网上"}},
        {"id": "call", "kind": "hotline", "phone": "12345"},
        {
            "id": "post",
            "kind": "post",
            "overrides": {
                "promised_time": {"amount": 48, "unit": "hour"},
                "fee": {"charged": False},
                "materials": [MATERIAL | {"id": "letter"}],
                "acceptance_conditions": [CONDITION | {"id": "abroad"}],
            },
        },
    ],
    "locations": [
        {
            "id": "main",
            "name": {"zh": "大厅", "en": "Hall"},
            "address": {"zh": "大街1号", "en": "1 Main Street"},
            "organisation": "town",
            "position": {"longitude": 116.4, "latitude": 39.9},
            "hours": HOURS,
            "phone": "010-2",
            "transport": {"zh": "一号线"},
            "windows": "1–3",
            "step_free": True,
        }
    ],
    "delivery": {"express_in": True},
    "appointment": {"supported": True},
    "cross_region": "city",
    "contact": CONTACT,
    "remedies": {"complaint": CONTACT, "review": {"phone": "010-3"}},
    "accessibility": {
        "plain": {"what": {"zh": "办证。"}, "steps": [{"zh": "去窗口。", "en": "Go."}], "help_phone": "12346"},
        "sign_language": "https://sign.example/",
    },
    "host_requirements": {"wechat": "8.0.0"},
    "binding": {"page": "https://bound.example/"},
    "steps": [{"entry": "000111002000"}],
    "effective_from": "2026-01-01",
    "withdraw_on": "2030-01-01",
    "owner_contact": {"phone": "secret-4"},
    "assured_on": "2026-04-01",
}
_ENTRY: dict[str, Any] = {
    "code": "permit-east-01",
    "level": "case",
    "version": 2,
    "parent": "permit-east",
    "item": "permit",
    "authority": {"code": "east", "name": {"zh": "东区", "en": "East"}, "path": ["city", "east"]},
    "area": "east",
    "state": "published",
    "since": SINCE.isoformat(),
    "sources": [],
}
_PATHS = {"city": "city", "east": "city/east", "west": "city/west", "town": "city/east/town"}
AROUND = Around(
    SINCE.date(),
    [
        Body(code, Localized(f"{code}区", code.title()), "government", tuple(path.split("/")), "110105", f"{code:0>18}")
        for code, path in _PATHS.items()
    ],
    {"permit": Localized("居住证", "Residence permits"), "unnamed": Localized("事项")},
)


def entry(**said: Any) -> Shown:
    """Return an entry that says every field, some of them otherwise."""
    return saying(EVERY_FIELD | said)


def saying(fields: dict[str, Any]) -> Shown:
    """Return an entry that says these fields alone."""
    return msgspec.convert(_ENTRY | fields, Shown)


def parent_of(child: Shown) -> Shown:
    """Return the implementation that a case belongs to."""
    return entry(code=child.parent, level="implementation", parent=child.item)


def examples() -> list[EntryDocument]:
    """Return the example departments' entries, parents first."""
    found = []
    for file in sorted(EXAMPLES.glob("*/entries.yaml")):
        written, defects = read_file(file.read_bytes())
        assert defects == []
        found += [each.document for each in written]
    return found


def generated(number: int) -> Iterator[tuple[Shown, Around]]:
    """Yield entries of the demonstration's city, with what is around them."""
    places = areas(sizes=Sizes(2, 4, 8, 8))
    offices = departments(places, 33)
    bodies = {each.code: each for each in [*places, *offices]}
    items: dict[str, Layer] = {}
    made = (document for document in entries(offices, number))
    for each in made:
        layer = Layer(each.code, each.level, each.organisation, 1, each.fields)
        if each.level == "item":
            items[each.code] = layer
            continue
        path = [each.organisation]
        while above := bodies[path[0]].parent:
            path.insert(0, above)
        authority = bodies[each.organisation]
        shown = Shown(
            **said(effective((items[str(each.parent)], layer)).fields),
            code=each.code,
            level=each.level,
            version=1,
            item=str(each.parent),
            authority=Authority(authority.code, Localized(authority.name_zh, authority.name_en), tuple(path)),
            area=path[-2],
            state="published",
            since=SINCE,
            sources=(),
        )
        named = {code: Localized(bodies[code].name_zh, bodies[code].name_en) for code in path}
        known = [
            Body(code, named[code], bodies[code].kind, tuple(path[: place + 1])) for place, code in enumerate(path)
        ]
        yield shown, Around(SINCE.date(), known, {shown.item: shown.name or Localized(shown.item)})


def first(number: int) -> list[tuple[Shown, Around]]:
    """Return some generated entries."""
    return [*islice(generated(number), number)]
