"""How far it is to a place. Points are longitude and latitude, degrees of WGS84.

Places stand in the cells of a grid, which search knows by name: so what is near is found without looking at the rest.
"""

from collections.abc import Iterable, Mapping
from math import cos, floor, hypot, inf, radians
from typing import NamedTuple

_METRES_PER_DEGREE = 111_195  # of latitude: a 360th of the earth's mean circumference (radius 6,371,009 m, IUGG)
_CELL = 0.05  # degrees, some 5 km: a city has hundreds of cells

Point = tuple[float, float]
Cell = tuple[int, int]


class Ring(NamedTuple):
    """A cell, how far it is to it at least, and how many places are in it and in all that are nearer."""

    metres: float
    cell: Cell
    places: int


def nearest(point: Point, places: Iterable[Point]) -> float:
    """Return the metres to the nearest place, infinity if there is none; as on flat land, 0.1 % off within a city."""
    here, north = point
    narrower = cos(radians(north))
    return min((_METRES_PER_DEGREE * hypot((there - here) * narrower, up - north) for there, up in places), default=inf)


def cell_of(point: Point) -> Cell:
    """Return the cell that a point is in."""
    return floor(point[0] / _CELL), floor(point[1] / _CELL)


def name_of(cell: Cell) -> str:
    """Return the name that entries are indexed by."""
    return f"{cell[0]}:{cell[1]}"


def rings(point: Point, places: Mapping[Cell, int]) -> list[Ring]:
    """Return the cells that have places, nearest first, by the same measure as ``nearest``."""
    here, north = point
    narrower = cos(radians(north))
    found, seen = [], 0
    for cell in places:
        west, south = cell[0] * _CELL, cell[1] * _CELL
        aside = max(west - here, here - west - _CELL, 0.0) * narrower
        found.append((_METRES_PER_DEGREE * hypot(aside, max(south - north, north - south - _CELL, 0.0)), cell))
    made = []
    for metres, cell in sorted(found):
        seen += places[cell]
        made.append(Ring(metres, cell, seen))
    return made
