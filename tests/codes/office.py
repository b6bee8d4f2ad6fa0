"""Where tests have codes issued and checked, each call a transaction of its own."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from redis.asyncio import Redis

from flows.codes import binding, checking, device_codes, issuing, keys, reporting, revoking, verifiers
from flows.codes.alarms import Alarm, alarms
from flows.codes.binding import Proof
from flows.codes.checking import Checked
from flows.codes.desk import Desk
from flows.codes.issuing import Issued, Wanted
from flows.codes.reporting import OfflineUse
from flows.codes.tables import CodeDevice, CodeVerifier
from kernel.clock import ManualClock
from kernel.crypto.fields import FieldCipher
from kernel.database import Database
from tests.auth.residents import Residents
from tests.codes.issued import Phone


class Office:
    """``desk`` always has the newest keys after ``reload``."""

    def __init__(self, database: Database, redis: Redis, cipher: FieldCipher, clock: ManualClock) -> None:
        self.database = database
        self.clock = clock
        self.cipher = cipher
        self.residents = Residents(database, clock)
        self.desk = Desk(redis, clock, cipher, lambda: self._keys)
        self._requests = 0

    async def open(self) -> None:
        await self.residents.clients()
        async with self.database.session() as session:
            await keys.ensure(session, self.cipher, self.clock)
        await self.reload()

    async def reload(self) -> None:
        async with self.database.session() as session:
            self._keys = await keys.load(session, self.cipher, self.clock)

    async def resident(self, name: str = "zhang") -> UUID:
        return (await self.residents.sign_in(name)).account_id

    async def gate(self, name: str = "Gate 1", **licence: Any) -> CodeVerifier:
        fields = {"purposes": ["parking"], "verifier_group": "parking", "name_zh": name, "name_en": name} | licence
        row = CodeVerifier(secret=b"", registered_at=self.clock.now(), **fields)
        async with self.database.session() as session:
            self.secret = await verifiers.register(session, self.clock, self.cipher, row)
        return row

    async def issue(self, account_id: UUID, signed: int = 0, **wanted: Any) -> list[Issued]:
        async with self.database.session() as session:
            fields: dict[str, Any] = {"purpose": "parking", "signed": signed} | wanted
            asked = Wanted(**fields)
            return await issuing.issue(session, self.desk, account_id, "L3", asked)

    async def code(self, account_id: UUID, signed: int = 0, **wanted: Any) -> str:
        return (await self.issue(account_id, signed, **wanted))[0].text

    async def bind(self, account_id: UUID, phone: Phone, sid: str = "sid") -> CodeDevice:
        """Bind a phone as its app does: ask for a challenge, and sign it."""
        asked = await binding.challenge(self.desk.redis, sid)
        proof = Proof(phone.public, phone.sign(device_codes.to_bind(asked)))
        async with self.database.session() as session:
            return await binding.bind(session, self.desk, account_id, sid, proof)

    async def credential(self, account_id: UUID, phone: Phone, purpose: str = "parking") -> bytes:
        async with self.database.session() as session:
            wanted = Wanted(purpose, phone=phone.public)
            return (await issuing.issue_credential(session, self.desk, account_id, "L3", wanted))[0]

    async def phone_code(self, account_id: UUID, phone: Phone) -> str:
        return phone.code(await self.credential(account_id, phone), self.clock.now())

    async def check(self, verifier: CodeVerifier, text: str, request_id: str = "") -> Checked:
        self._requests += 1
        asked = request_id or f"r{self._requests}"
        async with self.database.session() as session:
            who = await verifiers.unrevoked(session, verifier.id)
            assert who is not None
            return await checking.check(session, self.desk, who, text, asked)

    async def report(self, verifier: CodeVerifier, *uses: tuple[str, str, datetime]) -> list[str]:
        async with self.database.session() as session:
            told = [OfflineUse(text, request_id, at) for text, request_id, at in uses]
            who = await verifiers.unrevoked(session, verifier.id)
            assert who is not None
            return [each.outcome for each in await reporting.report(session, self.desk, who, told)]

    async def revoke_all(self, account_id: UUID) -> int:
        async with self.database.session() as session:
            return await revoking.revoke_all_of(session, self.clock, account_id, "lost")

    async def alarms(self) -> Sequence[Alarm]:
        async with self.database.session() as session:
            return await alarms(session, self.clock.now())

    async def rows(self, query: str) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.database.pool.fetch(query)]

    def without_redis(self) -> None:
        self.desk = msgspec.structs.replace(self.desk, redis=Redis.from_url("redis://127.0.0.1:1"))
