"""How far it is to a place. Points are longitude and latitude, degrees of WGS84."""

from collections.abc import Iterable
from math import cos, hypot, inf, radians

_METRES_PER_DEGREE = 111_195  # of latitude: a 360th of the earth's mean circumference (radius 6,371,009 m, IUGG)

Point = tuple[float, float]


def nearest(point: Point, places: Iterable[Point]) -> float:
    """Return the metres to the nearest place, infinity if there is none; as on flat land, 0.1 % off within a city."""
    here, north = point
    narrower = cos(radians(north))
    return min((_METRES_PER_DEGREE * hypot((there - here) * narrower, up - north) for there, up in places), default=inf)
