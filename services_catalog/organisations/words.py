"""The words of the tree of organisations: tiers, kinds, the two lines, and what may stand below what."""

import re
from typing import Literal, get_args

Tier = Literal["city", "district", "town", "village", "grid"]
Kind = Literal["government", "department", "window", "hotline_seat", "community", "grid", "enterprise"]
Line = Literal["administrative", "guidance"]

TIERS: tuple[Tier, ...] = get_args(Tier)  # from the top down
KINDS: tuple[Kind, ...] = get_args(Kind)
LINES: tuple[Line, ...] = get_args(Line)

CODE_PATTERN = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}"
"""Whatever a city's own file has, as long as paths and the audit log can hold it: no "/" and nothing but ASCII."""
_CODE = re.compile(CODE_PATTERN, re.ASCII)
REGION_PATTERN = r"\d{6}(\d{3}(\d{3})?)?"
"""GB/T 2260 has six digits; GB/T 10114 adds three for the town, the statistical code three more for the village."""

DEPTH_LIMIT = 32
"""Levels of one path: 32 codes of 40 characters fit into an entry of a B-tree (2,704 bytes in PostgreSQL)."""

AREAS: frozenset[Kind] = frozenset({"government", "community", "grid"})
"""They have residents; the others belong to one of them."""


def is_code(text: str) -> bool:
    """Whether ``text`` can be an organisation's code."""
    return _CODE.fullmatch(text) is not None


def fits_below(tier: Tier, kind: Kind, parent_tier: Tier, parent_kind: Kind) -> bool:
    """Whether an organisation of ``tier`` and ``kind`` may stand below its parent.

    Areas (government, community, grid) stand on a lower tier than the area above them. Departments, windows, seats and
    enterprises have the tier of the area that they belong to.
    """
    below = TIERS.index(tier) - TIERS.index(parent_tier)
    return below > 0 or (below == 0 and not (kind in AREAS and parent_kind in AREAS))


def within(path: str, parent_path: str) -> bool:
    """Whether ``path`` is ``parent_path`` or below it."""
    return path == parent_path or path.startswith(f"{parent_path}/")
