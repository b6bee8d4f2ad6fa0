"""The garage of the town that pays, which Alipay knows by a number of its own, and whose gates tests are."""

from datetime import timedelta
from uuid import UUID

from adapters.sandbox.alipay.parking import LOT
from adapters.sandbox.development import APPS
from flows.parking.session_tables import ParkingSession
from flows.parking.vehicles import claim
from flows.payments.mandates import NewMandate, sign, step
from kernel.crypto.keys import open_keys
from kernel.money import Fen
from tests.parking.lots import Lot
from tests.payments.town import PLATE, Town


async def built(town: Town, host_ids: dict[str, str] | None = None) -> Lot:
    """Build it; ``host_ids`` are its numbers at host apps, if others know it."""
    made = Lot(town.settings, town.database, town.redis, open_keys(town.settings))
    made.clock = town.clock  # type: ignore[assignment]  # it can be moved, too
    made.opened = town.opened
    made.row.host_ids = {APPS["alipay"]: LOT} if host_ids is None else host_ids
    await made.build()
    return made


async def signed(town: Town, lot: Lot, host: str, limit: int = 10_000) -> UUID:
    """Have wang's plate paid for by a mandate."""
    account = town.accounts["wang"]
    async with town.database.session() as session:
        vehicle = (await claim(lot.deps(session), account, PLATE.number, PLATE.color)).vehicle_id
        wanted = NewMandate(
            account_id=account,
            about=f"vehicle:{vehicle}",
            provider="wechat" if host == "wechat" else "alipay",
            app_id=APPS[host],
            limit_each=Fen(limit),
            consent_version=1,
        )
        made = await sign(session, town.clock, wanted, "account:1")
        return (await step(session, town.clock, made.id, "activate", actor="account:1")).id


async def passes(lot: Lot, kind: str, minutes: float, plate: str = PLATE.number, **more: object) -> str:
    """Let a vehicle come to the gate; return why it did what it did."""
    return (await lot.passes(kind, minutes, plate, plate_color=PLATE.color, **more)).decision.reason


async def work(town: Town, lot: Lot, after: timedelta = timedelta(0)) -> None:
    """Let time pass, and do all that is due in both rooms."""
    town.clock.advance(after)
    for _ in range(4):  # a session's debit goes to and fro between them
        await lot.work()
        await town.work()


async def until(town: Town, lot: Lot, state: str) -> ParkingSession:
    """Let minutes pass until the session stands so."""
    for _ in range(60):
        await work(town, lot, timedelta(seconds=6))
        if (row := await lot.one()).state == state:
            return row
    raise AssertionError(f"the session stays {row.state}")
