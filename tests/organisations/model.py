"""The tree as plain dictionaries, one for each day: slow, and plainly right."""

from copy import deepcopy
from typing import NamedTuple

from services_catalog.organisations.words import LINES, Line

Parents = dict[Line, str | None]


class Held(NamedTuple):
    """A role held now."""

    role: str
    at: str
    line: Line


class Model:
    """``days[n]`` has the parents, on both lines, of whatever stands on day ``n``; the last one is today."""

    def __init__(self, nodes: dict[str, Parents]) -> None:
        self.days = [nodes]
        self.held: list[Held] = []

    def sleep(self) -> None:
        self.days.append(deepcopy(self.days[-1]))

    def path(self, day: int, line: Line, code: str) -> list[str]:
        above = self.days[day][code][line]
        return [*(self.path(day, line, above) if above else []), code]

    def subtree(self, day: int, line: Line, code: str) -> set[str]:
        return {each for each in self.days[day] if code in self.path(day, line, each)}

    def children(self, day: int, line: Line, code: str) -> set[str]:
        return {each for each, parents in self.days[day].items() if parents[line] == code}

    def common(self, day: int, line: Line, codes: list[str]) -> str | None:
        paths = [self.path(day, line, code) for code in codes]
        shared = [code for code in paths[0] if all(code in path for path in paths)]
        return shared[-1] if shared else None

    def may(self, roles: frozenset[str]) -> set[str]:
        today = len(self.days) - 1
        reached = [self.subtree(today, held.line, held.at) for held in self.held if held.role in roles]
        return set().union(*reached)

    def stand(self, day: int, *codes: str) -> bool:
        return all(code in nodes for nodes in self.days[day:] for code in codes)

    def can_move(self, day: int, line: Line, code: str, parent: str) -> bool:
        return self.stand(day, code, parent) and not self._ever_below(day, line, code, parent)

    def move(self, day: int, line: Line, code: str, parent: str) -> None:
        for nodes in self.days[day:]:
            nodes[code][line] = parent

    def can_merge(self, day: int, code: str, successor: str) -> bool:
        circle = any(self._ever_below(day, line, code, successor) for line in LINES)
        return self.stand(day, code, successor) and not circle

    def merge(self, day: int, code: str, successor: str) -> None:
        for nodes in self.days[day:]:
            del nodes[code]
            for parents in nodes.values():
                parents |= {line: successor for line in LINES if parents[line] == code}
        self.held = [held._replace(at=successor) if held.at == code else held for held in self.held]

    def can_close(self, day: int, code: str) -> bool:
        alone = all(len(self.subtree(each, line, code)) == 1 for each in self._from(day) for line in LINES)
        return self.stand(day, code) and alone

    def close(self, day: int, code: str) -> None:
        for nodes in self.days[day:]:
            del nodes[code]
        self.held = [held for held in self.held if held.at != code]

    def _ever_below(self, day: int, line: Line, code: str, other: str) -> bool:
        return any(other in self.subtree(each, line, code) for each in self._from(day))

    def _from(self, day: int) -> range:
        return range(day, len(self.days))
