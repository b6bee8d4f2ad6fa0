"""``placeCode`` and ``reportPlaceCode``: what a scanned sticker is, for an app that has its own scanner."""

import strawberry

from auth.policies import PUBLIC, SIGNED_IN
from auth.residents.attempts import Limit, attempt
from flows.codes.distance import position_of
from flows.codes.places import Standing, base_url, reported, standing
from schema.caller import caller
from schema.context import Info
from schema.errors import ArgumentRefusedError
from schema.scalars import line

POLICIES = {
    "Query.placeCode": PUBLIC,
    "PlaceCode": PUBLIC,
    "Mutation.reportPlaceCode": SIGNED_IN,
}

_MOST_CHARACTERS = 300
_REPORTS = Limit("place reports", 20, 3600)


@strawberry.type(name="PlaceCode", description="What a scanned sticker is. Show it before anything else is done.")
class PlaceCodeShown:
    """The place's fields are of a valid code only."""

    answer: str = strawberry.field(
        description="`valid`; `retired`: it was replaced; `tampered`: not the city's, warn and offer to report it."
    )
    kind: str | None = None
    reference: str | None = strawberry.field(description="What stands there, such as `bay:…`.", default=None)
    short_code: str | None = strawberry.field(description="As it is printed beside the picture.", default=None)
    name_zh: str | None = None
    name_en: str | None = None
    street_zh: str | None = None
    street_en: str | None = None
    photo_url: str | None = None
    metres: int | None = strawberry.field(description="How far from the place the phone is.", default=None)
    is_far: bool = strawberry.field(description="More than 150 m: warn.", default=False)


@strawberry.type
class PlaceQueries:
    """The part of ``Query`` that this file is for."""

    @strawberry.field(description="Read what a scan gave: the whole URL or a mini-program's `scene`, decoded once.")  # type: ignore[untyped-decorator]  # strawberry's
    async def place_code(
        self, info: Info, scanned: str, latitude: float | None = None, longitude: float | None = None
    ) -> PlaceCodeShown | None:
        platform = info.context.platform
        async with platform.database.session() as session:
            where = position_of(latitude, longitude)
            base = base_url(platform.environment.settings, platform.environment.issuer)
            return _shown(await standing(session, platform.desk.cipher, scan_text(scanned), where, base=base))


@strawberry.type
class PlaceMutations:
    """The part of ``Mutation`` that this file is for."""

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Tell the city that a sticker is wrong. `key` is the app's own id of the report: sent again, it is "
        "the same report."
    )
    async def report_place_code(self, info: Info, scanned: str, key: str) -> bool | None:
        platform = info.context.platform
        async with platform.database.session() as session:
            owner = await caller(session, info.context)
            await attempt(platform.environment.redis, _REPORTS, owner.account_id)
            request_id = f"{owner.account_id}:{line(key, 'key')[:64]}"
            await reported(session, platform.environment.clock, scan_text(scanned), request_id)
        return True


def scan_text(scanned: str) -> str:
    """Read what a scanner has read. Raises ArgumentRefusedError."""
    if len(scanned) > _MOST_CHARACTERS:
        raise ArgumentRefusedError("scanned is too long", fix="Send what the scanner has read.")
    return line(scanned, "scanned")


def _shown(found: Standing) -> PlaceCodeShown:
    row = found.row
    if row is None or found.answer != "valid":
        return PlaceCodeShown(answer=found.answer)
    return PlaceCodeShown(
        answer=found.answer,
        kind=row.kind,
        reference=row.reference,
        short_code=row.short_code,
        name_zh=row.name_zh,
        name_en=row.name_en,
        street_zh=row.street_zh,
        street_en=row.street_en or None,
        photo_url=row.photo_url or None,
        metres=found.metres,
        is_far=found.is_far,
    )
