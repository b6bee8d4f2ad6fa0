"""Entries that do not exist, of real names: generic items, and what departments make of them. Pure.

The same numbers give the same entries, and all keep every rule, so that they can go the real way to the public.
"""

from collections.abc import Collection, Iterator, Sequence
from random import Random
from typing import Any

from services_catalog.demo.names import Item, Word, items, words
from services_catalog.demo.organisations import CITY
from services_catalog.entries.document import EntryDocument, read_entry
from services_catalog.organisations.tree_file import Entry as Organisation

_LAW = {"law": {"zh": "江州市政务服务条例", "en": "Regulations of Jiangzhou on Public Services"}, "article": "第十二条"}
_DAYS = (0, 1, 3, 5, 7, 10, 15, 20)
_HOURS = [{"days": ["MO", "TU", "WE", "TH", "FR"], "opens": "09:00", "closes": "17:00"}]


def departments(
    areas: Sequence[Organisation], number: int, tiers: Collection[str] = ("city", "district")
) -> list[Organisation]:
    """Return ``number`` kinds of departments, each of the city and of every district, or of all areas of ``tiers``."""
    kinds = list(words("departments").values())[:number]
    return [_department(area, kind) for kind in kinds for area in areas if area.tier in tiers]


def entries(offices: Sequence[Organisation], number: int, seed: int = 1) -> Iterator[EntryDocument]:
    """Yield generic items and ``number`` implementations of them, each item before its first implementation.

    First the city's departments implement what is theirs, then those of one district after the other.
    """
    by_kind: dict[str, list[Organisation]] = {}
    for office in offices:
        by_kind.setdefault(office.code.rpartition("-")[2], []).append(office)
    made, known = 0, [(place, item) for place, item in enumerate(items()) if item.department in by_kind]
    for turn in range(max(map(len, by_kind.values()), default=0)):
        for place, item in known:
            if made == number:
                return
            if turn == 0:
                yield _item(place, item)
            office = by_kind[item.department][turn]
            yield _implementation(place, item, office, Random(f"{seed} {place} {office.code}"))  # noqa: S311 - a demo
            made += 1


def _department(area: Organisation, kind: Word) -> Organisation:
    own = {"code": f"{area.code}-{kind.code}", "parent": area.code, "kind": "department", "region_code": None}
    named = {
        "name_zh": area.name_zh + kind.name,
        "name_en": f"{kind.english} of {area.name_en}",
        "short_name": kind.name,
    }
    above = {"guidance_parent": None if area.code == CITY else f"{CITY}-{kind.code}"}
    return type(area)(**{name: getattr(area, name) for name in area.__struct_fields__} | own | named | above)


def _item(place: int, item: Item) -> EntryDocument:
    return read_entry(
        {
            "level": "item",
            "code": f"i{place:04}",
            "organisation": CITY,
            "fields": {
                "name": {"zh": item.name, "en": item.english},
                **({"everyday_name": {"zh": item.everyday_name}} if item.everyday_name else {}),
                "alternate_names": [{"zh": each} for each in item.alternate_names],
                "item_type": "public_service",
                "power_source": "statutory",
                "legal_basis": [_LAW],
                "audience": [item.audience],
                "topics": list(item.topics),
                "life_events": list(item.life_events),
                "statutory_time": {"amount": 20},
                "fee": {"charged": False},
                "materials": [
                    {
                        "id": "id-card",
                        "name": {"zh": "身份证", "en": "ID card"},
                        "forms": ["original"],
                        "legal_basis": _LAW,
                    }
                ],
                "on_site_visits": 0,
            },
        }
    )


def _implementation(place: int, item: Item, office: Organisation, random: Random) -> EntryDocument:
    point = {"longitude": _near(random, office.longitude), "latitude": _near(random, office.latitude)}
    hall = {"id": "hall", "name": {"zh": f"{office.name_zh}办事大厅"}, "address": {"zh": f"{office.name_zh}一楼"}}
    fields: dict[str, Any] = {
        "summary": {
            "zh": f"{office.name_zh}办理{item.name}。请先准备好材料，再在网上申请或到窗口办理。",
            "en": f"{item.english}, by the {office.name_en}.",
        },
        "promised_time": {"amount": random.choice(_DAYS)},
        "channels": [
            {"id": "web", "kind": "web", "url": f"https://{office.code.lower()}.example.gov.cn/i{place:04}"},
            {"id": "hall", "kind": "window", "location": "hall"},
            {"id": "app", "kind": "mini_program", "host": "wechat", "app_id": "wx0000000000000000", "page_path": "a"},
        ][: random.randint(2, 3)],
        "locations": [hall | {"organisation": office.parent, "position": point, "hours": _HOURS}],
        "contact": {"phone": "12345"},
        "assured_on": "2026-11-01",
        "binding": {"page": f"https://{office.code.lower()}.example.gov.cn/i{place:04}"},
        "accessibility": {
            "plain": {
                "what": {"zh": f"{(item.everyday_name or item.name)[:20]}。"},
                "bring": [{"zh": "带上身份证。"}],
                "steps": [{"zh": "在网上填表。"}, {"zh": "等短信通知。"}],
                "help_phone": "12345",
            }
        },
    }
    return read_entry(
        {
            "level": "implementation",
            "code": f"i{place:04}-{office.code}",
            "organisation": office.code,
            "parent": f"i{place:04}",
            "fields": fields,
        }
    )


def _near(random: Random, degrees: float | None) -> float:
    return round((degrees or 0.0) + random.gauss(0, 0.02), 6)
