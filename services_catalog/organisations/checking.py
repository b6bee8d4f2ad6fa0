"""Is a file of organisations, together with those that are known, a tree? Pure; every finding names its line."""

from collections.abc import Collection, Iterator, Mapping
from datetime import date

from services_catalog.organisations.errors import FileFinding
from services_catalog.organisations.tables import FOREVER
from services_catalog.organisations.tree_file import Entry
from services_catalog.organisations.words import DEPTH_LIMIT, fits_below

_SHOWN = 6  # codes of a circle


def paths(parents: Mapping[str, str | None]) -> tuple[dict[str, str], list[list[str]]]:
    """Return every path, and the circles; what hangs on a circle has a path from there down, which is none.

    A parent that is not among ``parents`` is taken for a root.
    """
    found: dict[str, str] = {}
    circles: list[list[str]] = []
    for code in parents:
        chain: dict[str, None] = {}
        at: str | None = code
        while at is not None and at not in found and at not in chain:
            chain[at] = None
            at = parents.get(at)
        if at in chain:
            codes = list(chain)
            circles.append(codes[codes.index(at) :])
            at = None
        path = found.get(at, "") if at is not None else ""
        for each in reversed(chain):
            path = f"{path}/{each}" if path else each
            found[each] = path
    return found, circles


def check(
    lines: Mapping[str, int], entries: Mapping[str, Entry], moved: Mapping[str, date], calendars: Collection[str]
) -> list[FileFinding]:
    """Check the lines of a file: ``entries`` are the file's and all other known ones, ``lines`` where each stands.

    ``moved`` has the day of the latest move of those that have moved.
    """
    findings: list[FileFinding] = []
    for code, line in lines.items():
        entry = entries[code]
        wrong = [*_references(entry, entries, calendars), *_place(entry, entries)]
        if entry.valid_to and code in moved and entry.valid_to <= moved[code]:
            wrong.append((f"valid_to {entry.valid_to} is not after its move on {moved[code]}", "Name a later day."))
        findings += [FileFinding(line, message, fix) for message, fix in wrong]
    findings += _left_below(lines, entries)
    for column in ("parent", "guidance_parent"):
        found, circles = paths({code: getattr(entry, column) for code, entry in entries.items()})
        for circle in circles:
            shown = " below ".join([*circle[:_SHOWN], *(["…"] if len(circle) > _SHOWN else []), circle[0]])
            line = min(lines[code] for code in circle if code in lines)
            findings.append(FileFinding(line, f"{column} leads in a circle: {shown}", "Mend one of them."))
        deep = (code for code in lines if found[code].count("/") >= DEPTH_LIMIT and not circles)
        findings += [
            FileFinding(lines[code], f"{column} puts it more than {DEPTH_LIMIT} levels deep", "Name a higher one.")
            for code in deep
        ]
    return findings


def _left_below(lines: Mapping[str, int], entries: Mapping[str, Entry]) -> Iterator[FileFinding]:
    """What a line does to those that the file leaves as they are, below it."""
    for code, entry in entries.items():
        above = next((each for each in (entry.parent, entry.guidance_parent) if each in lines), None)
        if above and code not in lines:
            for message, _ in _place(entry, entries):
                yield FileFinding(lines[above], f"{code} is below it: {message}", "Move or close that one as well.")


def _references(entry: Entry, entries: Mapping[str, Entry], calendars: Collection[str]) -> Iterator[tuple[str, str]]:
    for column in ("parent", "guidance_parent", "merged_into"):
        named = getattr(entry, column)
        if named and named not in entries:
            yield f"{column} {named} is neither in the file nor known", "Add its line, or mend the code."
    if entry.calendar and entry.calendar not in calendars:
        yield f"calendar {entry.calendar} is not known", "Load it first: yiwang calendar load FILE."
    if entry.merged_into == entry.code:
        yield "merged_into names itself", "Name the successor."


def _place(entry: Entry, entries: Mapping[str, Entry]) -> Iterator[tuple[str, str]]:
    for column in ("parent", "guidance_parent"):
        above = entries.get(getattr(entry, column) or "")
        if above is None or above.code == entry.code:
            continue  # the circle is found anyway
        if not fits_below(entry.tier, entry.kind, above.tier, above.kind):
            message = f"tier {entry.tier} ({entry.kind}) is not below that of its {column}, {above.tier} ({above.kind})"
            yield message, "Name another parent, or mend one of the tiers."
        if (above.valid_to or FOREVER) < (entry.valid_to or FOREVER):
            message = f"{column} {above.code} ends on {above.valid_to}, before it does"
            yield message, "Name another parent, or fill in valid_to."
