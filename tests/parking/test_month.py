"""A small town plays a day with every fault, kills too: all accounts are equal, and one fen more or less is found."""

from bench.month.play import Progress, played, report
from bench.month.town import month
from kernel.settings import Settings


def told(_: Progress) -> None:
    """Nobody watches."""


async def test_every_fen_of_a_day_is_accounted_for_and_a_wrong_one_is_found(settings: Settings) -> None:
    async with played(settings, month(sessions=40, days=1, seed=7), told, (None, 6)) as over:
        found = await report(over)
        assert (found["differences"], found["sessions"]) == ({}, 40), found["shown"]
        assert set(found["faults"]) == {"cut off", "duplicated", "late", "lost"}
        assert found["killed"] == {"gateway": 3, "worker": 3}
        assert found["money_fen"]["kept"] > 0
        assert found["debited"] > 0
        pool = over.platform.database.pool
        lost = await pool.fetchval("SELECT id FROM parking_event WHERE kind = 'exit' LIMIT 1")
        await pool.execute("DELETE FROM parking_event WHERE id = $1", lost)
        await pool.execute("UPDATE parking_session SET paid_fen = paid_fen + 1")
        next(iter(over.platform.hosts["wechat"].trades.values())).amount += 1
        found = await report(over)
        wrong = {"event lost", "session's payments", "ledger and host", "bills and books", "site's log"}
        assert wrong <= set(found["differences"])
