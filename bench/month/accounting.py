"""The end of the month: our tables beside the sites' logs, the oracle's accounts and the hosts' books, to the fen."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from bench.month.drivers import Drivers
from bench.month.oracle import Books, Owed, accounts
from bench.month.platform import Platform
from bench.month.site_logs import differences
from bench.month.town import DEBIT_LIMIT_FEN, START, Month, Stay
from flows.parking.event_ids import event_id_of
from flows.payments import ledger

_SHOWN = 20
_SESSIONS = """
    SELECT id, entered_at, left_at, closing_fen, adjusted_fen, paid_fen, review, match FROM parking_session
    WHERE superseded_by IS NULL
"""
_WORK_LISTS = {
    "events refused": "SELECT count(*) FROM parking_refused_event",
    "orders open": "SELECT count(*) FROM payment_order WHERE state IN ('created', 'pending', 'refunding')",
    "attempts open": "SELECT count(*) FROM payment_attempt WHERE state IN ('created', 'unknown', 'pending')",
    "refunds not done": "SELECT count(*) FROM payment_refund WHERE state <> 'done'",
    "odd notices": "SELECT count(*) FROM payment_notice WHERE odd",
    "differences open": "SELECT count(*) FROM reconciliation_difference WHERE state = 'open'",
    "messages that failed": "SELECT count(*) FROM outbox WHERE failures > 0",
    "disputes open": "SELECT count(*) FROM parking_dispute WHERE state = 'open'",
    "payments pending": "SELECT count(*) FROM parking_payment WHERE paid_at IS NULL AND closed_at IS NULL",
}


class Accounting:
    """Compares and collects what differs; ``differences`` are by class."""

    def __init__(self, platform: Platform, month: Month, drivers: Drivers) -> None:
        self.platform, self.month, self.drivers = platform, month, drivers
        self.owed = accounts(month.stays, drivers.known, Books(platform.hosts, platform.attempts))
        self.differences: Counter[str] = Counter()
        self.shown: list[str] = []
        self.figures: dict[str, Any] = {}

    async def compare(self) -> None:
        await self._events()
        await self._sessions()
        await self._ledger()
        await self._bills()
        await self._site_logs()
        for name, query in _WORK_LISTS.items():
            self._same(f"work list: {name}", name, 0, await self.platform.database.pool.fetchval(query))

    async def _rows(self, query: str) -> Sequence[Any]:
        rows: Sequence[Any] = await self.platform.database.pool.fetch(query)
        return rows

    def _same(self, kind: str, what: object, truth: object, ours: object) -> None:
        if truth != ours:
            self.differences[kind] += 1
            if len(self.shown) < _SHOWN:
                self.shown.append(f"{kind}: {what}: truth {truth}, ours {ours}")

    async def _events(self) -> None:
        """Every line of every log is stored once, and nothing else."""
        logged = {
            event_id_of(gate.site.device, line.event, line.at): line
            for gate in self.drivers.gates.values()
            for line in gate.log
        }
        stored = [UUID(int=row["id"].int) for row in await self._rows("SELECT id FROM parking_event")]
        for each in logged.keys() - set(stored):
            self._same("event lost", logged[each], "logged", "not stored")
        for each in set(stored) - logged.keys():
            self._same("event invented", each, "not logged", "stored")
        self.figures["events"] = len(stored)

    async def _sessions(self) -> None:
        rows = {UUID(int=row["id"].int): row for row in await self._rows(_SESSIONS)}
        for stay in self.month.stays:
            row = rows.pop(self.drivers.session_id(stay), None)
            if row is None:
                self._same("session lost", _named(stay), "parked", None)
            else:
                self._session(stay, row)
        for row in rows.values():
            self._same("session doubled", row["id"], None, dict(row))
        self.figures["sessions"] = len(self.month.stays)
        self.figures["debited"] = sum(each.debits for each in self.owed.values())

    def _session(self, stay: Stay, row: Mapping[str, Any]) -> None:
        known, owed, name = self.drivers.known[stay.number], self.owed[stay.number], _named(stay)
        self._same("session's times", name, (known.entered_at, known.left_at), (row["entered_at"], row["left_at"]))
        self._same("session's fee", name, (owed.fee, known.adjusted), (row["closing_fen"], row["adjusted_fen"]))
        self._same("session's payments", name, owed.kept, row["paid_fen"])
        self._same("charged twice", name, min(owed.debits, 1), owed.debits)
        if owed.arrears and self._chargeable(stay, owed):
            self._same("not debited", name, 0, owed.arrears)
        review = "manual_open" if known.lifted else ""
        self._same("work list: reviews", name, (review, "exact"), (row["review"], row["match"]))

    def _chargeable(self, stay: Stay, owed: Owed) -> bool:
        """Whether a host would have taken a stay's fee."""
        app = self.month.debits(stay.car)
        if not app or owed.arrears > DEBIT_LIMIT_FEN:
            return False
        session = stay.session_id(self.drivers.known[stay.number].entered_at)
        return session.hex not in self.platform.hosts[app].not_taken

    async def _site_logs(self) -> None:
        """The platform's own comparison with the sites' logs finds nothing either."""
        found = await differences(self.platform.database, self.platform.clock, self.drivers.gates.values())
        for name, times in found.items():
            self._same("site's log", name, 0, times)

    async def _ledger(self) -> None:
        async with self.platform.database.session() as session:
            self._same("ledger not balanced", "transactions", {}, dict(await ledger.unbalanced(session)))
            held = {each.account: int(each.balance) for each in await ledger.balances(session)}
        self._same("ledger not balanced", "sum", 0, sum(held.values()))
        for host in self.platform.hosts.values():
            self._same(
                "ledger and host", host.provider, host.taken(), held.get(ledger.host(host.provider, host.app_id), 0)
            )
        for operator in {each.operator for each in self.month.sites}:
            kept = sum(self.owed[each.number].kept for each in self.month.stays if each.site.operator == operator)
            self._same("ledger and site logs", operator, -kept, held.get(f"operator:{operator}", 0))
        residents = {name: fen for name, fen in held.items() if name.startswith("resident:") and fen}
        self._same("money owed to residents", "ledger", {}, residents)
        self.figures["ledger_fen"] = {name: fen for name, fen in held.items() if not name.startswith("resident:")}

    async def _bills(self) -> None:
        """Every day of every host was compared; the sum of its bills is what its books have."""
        query = """
            SELECT b.app_id, b.day, coalesce(sum(CASE l.kind WHEN 'payment' THEN l.amount ELSE -l.amount END), 0) AS fen
            FROM host_bill b LEFT JOIN host_bill_line l ON l.bill_id = b.id GROUP BY b.id
        """
        rows = await self._rows(query)
        for host in self.platform.hosts.values():
            days = {row["day"] for row in rows if row["app_id"] == host.app_id}
            wanted = (
                set(_days(date_of := START.date(), date_of + timedelta(days=self.month.days))) if host.trades else set()
            )
            first = min((each for each in days), default=START.date())
            self._same("bill missing", host.provider, set(), {each for each in wanted if each >= first} - days)
            billed = sum(row["fen"] for row in rows if row["app_id"] == host.app_id)
            self._same("bills and books", host.provider, host.taken(), billed)
        query = "SELECT difference, state, count(*) AS times FROM reconciliation_difference GROUP BY 1, 2"
        found = {f"{row['difference']}, {row['state']}": row["times"] for row in await self._rows(query)}
        self.figures["reconciliation"] = found


def money(owed: Iterable[Owed]) -> dict[str, int]:
    """Sum accounts up."""
    sums = dict.fromkeys(("fee", "taken", "kept", "back", "arrears"), 0)
    for each in owed:
        for name in sums:
            sums[name] += getattr(each, name)
    return sums


def _named(stay: Stay) -> str:
    return f"stay {stay.number} of {stay.plate} at {stay.site.device}"


def _days(first: date, until: date) -> Iterable[date]:
    return (first + timedelta(days=each) for each in range((until - first).days))
