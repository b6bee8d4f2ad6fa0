"""Drivers: they enter, pay in a host app or not, and leave; what they truly did is kept for the accounts."""

from collections import Counter
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from random import Random
from uuid import UUID

from msgspec import Struct, field

from bench.month.agenda import TICK, Agenda, Party
from bench.month.gate import Gate
from bench.month.hosts import Host
from bench.month.platform import Platform
from bench.month.town import APPS, Month, Stay, plate
from flows.parking.errors import AlreadyCoveredError, NoTariffError, PaymentUnderwayError, UnknownSessionError
from flows.payments.errors import AlreadyPaidError, OrderOverError
from kernel.errors import YiwangError

_ASKS = 4
_CALLS, _CALLED = ("at once", "later", "twice", "never"), (60, 15, 15, 10)


class Known(Struct):
    """What truly happened to a stay. ``orders``: when each was asked for."""

    entered_at: datetime
    left_at: datetime | None = None
    lifted: bool = False  # by an attendant
    alone: bool = False  # the device opened by itself
    orders: dict[UUID, datetime] = field(default_factory=dict)
    adjusted: int | None = None


class Drivers:
    """Everybody who drives this month."""

    def __init__(self, platform: Platform, month: Month, agenda: Agenda) -> None:
        self.platform, self.month, self.agenda = platform, month, agenda
        self.gates = {site.number: Gate(platform, month, agenda, site) for site in month.sites}
        self.known: dict[int, Known] = {}
        self.said: Counter[str] = Counter()
        self._accounts: dict[int, UUID] = {}
        for host in platform.hosts.values():
            host.debited = partial(self._debited, host)
        self._taps = count()
        for stay in month.stays:
            agenda.add(stay.car, stay.enters_at, self._stay(stay))

    def session_id(self, stay: Stay) -> UUID:
        """What the cloud calls a stay."""
        return stay.session_id(self.known[stay.number].entered_at)

    @property
    def _now(self) -> datetime:
        return self.platform.clock.now()

    async def _stay(self, stay: Stay) -> Party:
        await self._account(stay.car)
        gate, known = self.gates[stay.site.number], Known(self._now)
        self.known[stay.number] = known
        alone = {"opened": True, "offline": True} if gate.is_alone(stay, "enter") else {}
        await gate.tell(stay, "enter", "enter", **alone)
        if stay.paying == "prepay":
            yield stay.pays_at
            async for at in self._pay(stay, known, "prepay"):
                yield at
        yield stay.leaves_at
        async for at in self._leave(stay, known, gate):
            yield at
        await self._after(stay, known)

    async def _leave(self, stay: Stay, known: Known, gate: Gate) -> Party:
        """Ask until the arm opens; the device, or an attendant, opens it otherwise."""
        for time in range(_ASKS):
            what = f"exit {time}"
            if gate.is_alone(stay, what):
                known.left_at, known.alone = self._now, True
                await gate.tell(stay, what, "exit", opened=True, reason="fail_open", offline=True)
                return
            at = self._now
            raw, answer = await gate.ask(stay, what)
            while answer is None:
                yield self._now + TICK
                [answer] = await gate.send([raw])
            self.said[f"exit: {answer.decision.kind}, {answer.decision.reason}"] += 1
            if answer.decision.kind == "open":
                known.left_at, known.alone = at, answer.decision.due_fen > 0
                return
            if answer.decision.kind == "pay" and stay.paying != "never_at_exit":
                async for moment in self._pay(stay, known, f"exit {time}"):
                    yield moment
            yield self._now + TICK
        known.left_at, known.lifted = self._now, True
        await gate.tell(stay, "lifted", "manual_open", opened=True, reason="attendant")

    async def _after(self, stay: Stay, known: Known) -> None:
        """Who left with something due may pay at home; now and then somebody disputes what they paid."""
        random = self.month.random("after", stay.number)
        left_at = known.left_at or self._now
        if known.alone or known.lifted:
            if random.random() < 0.75:
                wait = timedelta(minutes=random.choice((random.uniform(1, 60), random.uniform(60, 4000))))
                self.agenda.add(stay.car, left_at + wait, self._pay(stay, known, "home"))
        elif random.random() < 0.02:
            self.agenda.add(stay.car, left_at + timedelta(hours=3), self._dispute(stay, known, random))

    async def _pay(self, stay: Stay, known: Known, when: str) -> Party:
        """Pay what is due now, in a host app; some tap twice, are slow, or pay in two apps at once."""
        random = self.month.random("pay", stay.number, when)
        account = await self._account(stay.car)
        for time in range(3):
            try:
                key = f"{stay.number} {when} {time}"
                order: UUID = await self.platform.gateway.call("pay", self.session_id(stay), account, key)
                break
            except PaymentUnderwayError:
                self.said["pay: under way"] += 1
                yield self._now + timedelta(minutes=1)
            except (AlreadyCoveredError, UnknownSessionError, NoTariffError) as error:
                self.said[f"pay: {type(error).__name__}"] += 1
                return
        else:
            return
        known.orders.setdefault(order, self._now)
        apps = [stay.app]
        if random.random() < 0.01:
            apps.append(next(each for each in APPS if each != stay.app))
        hosts = [self.platform.hosts[each] for each in apps]
        numbers = [(host, await self._begun(host, account, order)) for host in hosts]
        if random.random() < 0.02:
            yield self._now + timedelta(minutes=random.uniform(4, 6))
        if random.random() < 0.03:
            self.said["pay: given up by the payer"] += 1
            return
        for host, number in numbers:
            if number is None:
                continue
            if host.pay(number):
                await self._told(stay, host, number, random)
            else:
                self.said["pay: the host says it is over"] += 1

    async def _begun(self, host: Host, account: UUID, order: UUID) -> str | None:
        """Begin in an app; who hears nothing taps again."""
        for _ in range(3):
            try:
                return str(await self.platform.gateway.call("begin", host.app_id, account, order))
            except (AlreadyPaidError, OrderOverError):
                return None
            except YiwangError as error:
                self.said[f"begin: {type(error).__name__}"] += 1
        return None

    def _debited(self, host: Host, number: str, at: datetime) -> None:
        """The host calls about a debit as about any payment, once it is paid."""
        random = self.month.random("debit", number)
        how = random.choices(_CALLS, _CALLED)[0]
        self.said[f"callback of a debit: {how}"] += 1
        for _ in range({"twice": 2, "never": 0}.get(how, 1)):
            wait = timedelta(minutes=random.uniform(0, 1 if how == "at once" else 60))
            self.agenda.add(-100, at + wait + TICK, self._called(host, number))

    async def _told(self, stay: Stay, host: Host, number: str, random: Random) -> None:
        """The host calls: at once, after a while, twice, or never."""
        how = random.choices(_CALLS, _CALLED)[0]
        self.said[f"callback: {how}"] += 1
        if how in ("at once", "twice"):
            await self.platform.told(host, number)
        if how in ("later", "twice"):
            at = self._now + timedelta(minutes=random.uniform(1, 60))
            self.agenda.add(stay.car, at, self._called(host, number))

    async def _called(self, host: Host, number: str) -> Party:
        await self.platform.told(host, number)
        for at in list[datetime]():  # it is a party, which never goes on
            yield at

    async def _dispute(self, stay: Stay, known: Known, random: Random) -> Party:
        gateway, account = self.platform.gateway, await self._account(stay.car)
        opened: tuple[UUID, int] | None = await gateway.call("disputed", self.session_id(stay), account)
        if opened is None:
            return
        dispute, charged = opened
        yield self._now + timedelta(hours=20)
        fee = random.choice((0, charged // 2, charged))
        await gateway.call("decided", dispute, fee)
        known.adjusted = None if fee == charged else fee
        self.said["dispute decided"] += 1

    async def _account(self, car: int) -> UUID:
        if car not in self._accounts:
            account = self._accounts[car] = await self.platform.gateway.call("resident")
            if app := self.month.debits(car):
                host = self.platform.hosts[app]
                host.agreed.add(plate(car))
                await self.platform.gateway.call("sign", account, plate(car), host.app_id)
        return self._accounts[car]
