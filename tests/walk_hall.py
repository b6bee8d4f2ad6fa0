"""Walk through a hall by hand: ``python -m tests.walk_hall`` does it in three windows, on what ``make run`` runs.

An office of its own is open at any hour; pictures of each step are saved. It ends as it began, but for the sticker.
"""

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import yaml

from cli.gateway_client import DEFAULT_GATEWAY
from tests.browser import Browser, browser
from tests.codes.pictures import printed
from tests.hall_visit import Place, be_called, book, check_in, staff_come

_WALK, _DEPARTMENT, _ORGANISATION = "walk", "civil-affairs", "yunzhou-civil-affairs"
_AT = (30.2471, 125.2095)
_FILE: Mapping[str, Any] = {
    "services": [
        {"code": _WALK, "department": _DEPARTMENT, "name_zh": "走一遍", "name_en": "A walk", "letter": "W",
         "minutes": 5, "lead_minutes": 0, "days": 1, "release": "00:00", "level": "L2", "most_active": 20}
    ],
    "offices": [
        {"code": _WALK, "organisation": _ORGANISATION, "name_zh": "走一遍大厅", "name_en": "Hall of a walk",
         "latitude": _AT[0], "longitude": _AT[1],
         "counters": [{"code": "1", "name_zh": "1号窗口", "name_en": "Counter 1"}],
         "resources": [{"code": "window", "name_zh": "窗口", "slot_minutes": 5, "skills": [_WALK], "schedules": [
             {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "hours": "00:00-24:00",
              "places": {"public": 2}}]}]}
    ],
}  # fmt: skip
_CLOSED = {part: [{**each, "closed": True} for each in rows] for part, rows in _FILE.items()}


def yiwang(*words: str) -> str:
    """Return what an operator's command says."""
    command = [str(Path(sys.executable).with_name("yiwang")), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout.strip()


def load(file: Mapping[str, Any], folder: Path) -> None:
    path = folder / "walk.yaml"
    path.write_text(yaml.safe_dump(dict(file), allow_unicode=True))
    yiwang("appointments", "load", str(path))


@contextmanager
def key(role: str) -> Iterator[str]:
    """A key of the office's staff, revoked at the end."""
    token = yiwang("department", "credential", _DEPARTMENT).splitlines()[0]
    holder = token.split("_")[1]
    yiwang("role", "grant", f"credential:{holder}", role, "--at", _ORGANISATION)
    try:
        yield token
    finally:
        yiwang("department", "revoke", holder)


def sticker(folder: Path) -> str:
    """Print the hall's sticker, and return what a scanner reads of the paper."""
    reference = f"office:{_WALK}"
    known = [row.split()[0] for row in yiwang("place-code", "list").splitlines() if reference in row]
    if not known:
        names = ("--name-zh", "走一遍大厅", "--name-en", "Hall of a walk", "--street-zh", "云津东路18号")
        where = ("--latitude", str(_AT[0]), "--longitude", str(_AT[1]))
        known = [yiwang("place-code", "add", "--kind", "counter", "--reference", reference, *names, *where)]
    pdf = yiwang("place-code", "sheet", known[0], "--format", "pdf", "--out", str(folder))
    [read] = printed(Path(pdf).read_bytes())[0].codes
    return read


def resident(phones: str) -> tuple[str, str]:
    """Return the name and ID number of the first resident of the sandbox."""
    with urlopen(f"{phones}/residents", timeout=10) as answer:  # noqa: S310 - an address of this machine
        first = json.load(answer)[0]
    return first["name"], first["id_number"]


async def walk(at: Place, folder: Path) -> None:
    taken = count(1)

    async def seen(step: str, window: Browser) -> None:
        await asyncio.sleep(0.5)  # until what moves has come to rest
        path = folder / f"{next(taken):02} {step}.png"
        path.write_bytes(await window.picture())
        print(path)  # noqa: T201 - it is a command

    async with browser() as phone, browser() as counter, browser() as screen:
        await book(phone, at, seen)
        number = await check_in(phone, at, seen)
        await staff_come(counter, screen, at)
        await be_called(phone, counter, screen, (number, at.name), seen)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gateway", default=DEFAULT_GATEWAY)
    parser.add_argument("--sandbox", default="http://127.0.0.1:9200")
    parser.add_argument("--pictures", type=Path, default=Path("hall-walk"))
    given = parser.parse_args()
    given.pictures.mkdir(exist_ok=True)
    load(_FILE, given.pictures)
    try:
        with key("clerk") as clerk, key("display") as display:
            name, id_number = resident(given.sandbox)
            at = Place(
                gateway=given.gateway,
                phones=given.sandbox,
                office=_WALK,
                counter="1",
                service=_FILE["services"][0]["name_zh"],
                sticker=sticker(given.pictures),
                clerk=clerk,
                display=display,
                name=name,
                id_number=id_number,
                latitude=_AT[0],
                longitude=_AT[1],
            )
            asyncio.run(walk(at, given.pictures))
    finally:
        load(_CLOSED, given.pictures)


if __name__ == "__main__":
    main()
