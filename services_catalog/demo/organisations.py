"""A city that does not exist, with plausible organisations: the same for the same seed, of any size. Pure.

Its codes begin with 99, which GB/T 2260 gives to no province, so that they meet no real one.
"""

from collections.abc import Iterator, Sequence
from itertools import product
from random import Random

from msgspec import Struct

from services_catalog.organisations.tree_file import Entry
from services_catalog.organisations.words import Kind, Tier

CITY, _CITY_NAME = "990100", "江州市"
_CENTRE = (108.0, 30.0)  # degrees; how far below lie from above, by tier:
_SPREAD: dict[Tier, float] = {"city": 0.0, "district": 1.2, "town": 0.2, "village": 0.04, "grid": 0.006}
_FIRST = "云龙凤青白金银玉石松竹柳梅桂清长永安和平新东西南北大双高丰兴"
_SECOND = "山江河溪湖泉岭坪坝湾桥塘沟林田寺港坡石关"
_ENDS: dict[Tier, tuple[str, ...]] = {
    "district": ("区", "区", "县"),
    "town": ("镇", "街道", "乡"),
    "village": ("村", "村", "社区"),
}
_DIGITS = "一二三四五六七八九十"

DEPARTMENTS: dict[str, tuple[str, str]] = {
    "reform": ("发展和改革委员会", "Development and Reform Commission"),
    "education": ("教育局", "Education Bureau"),
    "science": ("科学技术局", "Science and Technology Bureau"),
    "industry": ("经济和信息化局", "Industry and Information Technology Bureau"),
    "ethnic": ("民族宗教事务局", "Ethnic and Religious Affairs Bureau"),
    "police": ("公安局", "Public Security Bureau"),
    "civil": ("民政局", "Civil Affairs Bureau"),
    "justice": ("司法局", "Justice Bureau"),
    "finance": ("财政局", "Finance Bureau"),
    "labour": ("人力资源和社会保障局", "Human Resources and Social Security Bureau"),
    "land": ("规划和自然资源局", "Planning and Natural Resources Bureau"),
    "environment": ("生态环境局", "Ecology and Environment Bureau"),
    "housing": ("住房和城乡建设局", "Housing and Urban-Rural Development Bureau"),
    "transport": ("交通运输局", "Transport Bureau"),
    "water": ("水务局", "Water Affairs Bureau"),
    "agriculture": ("农业农村局", "Agriculture and Rural Affairs Bureau"),
    "commerce": ("商务局", "Commerce Bureau"),
    "culture": ("文化和旅游局", "Culture and Tourism Bureau"),
    "health": ("卫生健康委员会", "Health Commission"),
    "veterans": ("退役军人事务局", "Veterans Affairs Bureau"),
    "emergency": ("应急管理局", "Emergency Management Bureau"),
    "audit": ("审计局", "Audit Bureau"),
    "market": ("市场监督管理局", "Market Regulation Bureau"),
    "sports": ("体育局", "Sports Bureau"),
    "statistics": ("统计局", "Statistics Bureau"),
    "insurance": ("医疗保障局", "Healthcare Security Bureau"),
    "urban": ("城市管理局", "Urban Management Bureau"),
    "forestry": ("林业局", "Forestry Bureau"),
    "tax": ("税务局", "Tax Service"),
    "data": ("数据局", "Data Bureau"),
}
"""The departments of the city and of every district, by what they answer for: those that most cities have."""


class Sizes(Struct, frozen=True):
    """How many areas there are of each tier below the city: by default those of Chongqing's three-tier centres."""

    district: int = 41
    town: int = 1_031
    village: int = 11_000
    grid: int = 62_000


def areas(seed: int = 1, sizes: Sizes | None = None) -> list[Entry]:
    """Return the city and its areas, the city first: 74,073 by default."""
    random, sizes = Random(seed), sizes or Sizes()  # noqa: S311 - a demonstration, nothing to guess
    tier = [_area(random, CITY, _CITY_NAME, "city", None)]
    found = list(tier)
    wanted: tuple[tuple[Tier, int], ...] = (
        ("district", sizes.district),
        ("town", sizes.town),
        ("village", sizes.village),
        ("grid", sizes.grid),
    )
    for name, number in wanted:
        tier = [
            _area(random, *_named(random, name, parent, place), name, parent)
            for parent, share in zip(tier, _shares(random, number, len(tier)), strict=True)
            for place in range(share)
        ]
        found += tier
    return found


def departments(found: Sequence[Entry]) -> Iterator[Entry]:
    """Yield the departments of the city and of its districts, which the city's guide."""
    for area in found:
        if area.tier in {"city", "district"}:
            for matter, (zh, en) in DEPARTMENTS.items():
                yield _entry(
                    code=f"{area.code}-{matter}",
                    name_zh=area.name_zh + zh,
                    name_en=f"{en} of {area.name_en}",
                    short_name=zh,
                    tier=area.tier,
                    kind="department",
                    parent=area.code,
                    guidance_parent=f"{CITY}-{matter}" if area.tier == "district" else None,
                )


def matters(found: Sequence[Entry]) -> Iterator[tuple[str, str]]:
    """Yield which department answers for which matter: every one for the one that it is named for."""
    for each in departments(found):
        yield each.code, each.code.partition("-")[2]


def _area(random: Random, code: str, name: str, tier: Tier, parent: Entry | None) -> Entry:
    kinds: dict[Tier, Kind] = {"village": "community", "grid": "grid"}
    east, north = (parent.longitude, parent.latitude) if parent else _CENTRE
    return _entry(
        code=code,
        name_zh=name,
        name_en=f"{tier.title()} {code}" if tier in {"city", "district"} else None,
        short_name=name.removeprefix(parent.name_zh) if parent else None,
        tier=tier,
        kind=kinds.get(tier, "government"),
        parent=parent.code if parent else None,
        region_code=code if tier != "grid" else None,
        longitude=round((east or 0.0) + random.gauss(0, _SPREAD[tier]), 6),
        latitude=round((north or 0.0) + random.gauss(0, _SPREAD[tier]), 6),
    )


def _named(random: Random, tier: Tier, parent: Entry, place: int) -> tuple[str, str]:
    """Return code and name of the area that is number ``place`` (from 0) below its parent."""
    if tier == "grid":
        number = place + 1
        tens = "" if number < 20 else _DIGITS[number // 10 - 1]
        text = _DIGITS[number - 1] if number <= 10 else f"{tens}十{_DIGITS[number % 10 - 1] if number % 10 else ''}"
        return f"{parent.code}-{number:02}", f"{parent.name_zh}第{text}网格"
    names = list(product(_FIRST, _SECOND))
    first = Random(parent.code).randrange(len(names))  # noqa: S311 - as above
    name = "".join(names[(first + place * 7) % len(names)]) + random.choice(_ENDS[tier])
    code = f"{parent.code[:4]}{place + 1:02}" if tier == "district" else f"{parent.code}{place + 1:03}"
    return code, name


def _shares(random: Random, number: int, parents: int) -> list[int]:
    """Return how many of ``number`` each parent gets: all about the same, none nothing if there are enough."""
    shares = [number // parents] * parents
    for place in random.sample(range(parents), number % parents):
        shares[place] += 1
    for place in range(parents - 1):
        moved = random.randint(0, max(shares[place] - 1, 0) // 3)
        shares[place] -= moved
        shares[place + 1] += moved
    return shares


def _entry(**values: object) -> Entry:
    return Entry(**(dict.fromkeys(Entry.__struct_fields__) | values))  # type: ignore[arg-type]  # the names are given
