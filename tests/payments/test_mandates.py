"""Debit mandates: agreed to once, charged within their limit while they are active, every step on record."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from adapters.sandbox.development import APPS
from flows.payments import mandates
from flows.payments.errors import AmountRefusedError, MandateTakenError, WrongStateError
from flows.payments.mandates import NewMandate
from flows.payments.states import MandateEvent
from flows.payments.tables import DebitMandate
from kernel.audit.tables import AuditEntry
from kernel.money import Fen
from tests.payments.town import Town


def wanted(town: Town, **more: Any) -> NewMandate:
    values: dict[str, Any] = {
        "account_id": town.accounts["wang"],
        "about": "vehicle:1",
        "provider": "alipay",
        "app_id": APPS["alipay"],
        "limit_each": Fen(5000),
        "consent_version": 1,
    }
    return NewMandate(**values | more)


async def test_a_mandate_is_charged_only_while_it_is_active_and_within_its_limit(town: Town) -> None:
    actor = f"account:{town.accounts['wang']}"
    async with town.database.session() as session:
        with pytest.raises(AmountRefusedError):
            await mandates.sign(session, town.clock, wanted(town, limit_each=Fen(0)), actor)
        row = await mandates.sign(session, town.clock, wanted(town), actor)
        assert (await mandates.sign(session, town.clock, wanted(town), actor)).id == row.id
        with pytest.raises(MandateTakenError):
            await mandates.sign(session, town.clock, wanted(town, limit_each=Fen(9000)), actor)
        with pytest.raises(WrongStateError, match="signed"):
            await mandates.chargeable(session, row.id, Fen(1))
        await mandates.step(session, town.clock, row.id, "activate", actor="host:alipay", contract="20260000")
        assert [each.contract for each in await mandates.standing_for(session, "vehicle:1")] == ["20260000"]
        assert (await mandates.chargeable(session, row.id, Fen(5000))).id == row.id
        with pytest.raises(AmountRefusedError, match="5001"):
            await mandates.chargeable(session, row.id, Fen(5001))
        await mandates.step(session, town.clock, row.id, "suspend", actor=actor, because="sold")
        with pytest.raises(WrongStateError, match="suspended"):
            await mandates.chargeable(session, row.id, Fen(1))
        await mandates.step(session, town.clock, row.id, "terminate", actor=actor)
        assert await mandates.standing_for(session, "vehicle:1") == []
        another = await mandates.sign(session, town.clock, wanted(town, limit_each=Fen(9000)), actor)
        assert another.id != row.id
    async with town.database.session() as session:
        query = select(AuditEntry.action).where(AuditEntry.object == f"debit_mandate:{row.id}")
        found = (await session.exec(query.order_by("seq"))).all()
        assert found == [f"debit_mandate.{each}" for each in ("signed", "activated", "suspended", "terminated")]
        assert len(await mandates.mandates_of(session, town.accounts["wang"])) == 2


async def test_a_host_may_say_its_number_later_and_ends_only_what_has_it(town: Town) -> None:
    async with town.database.session() as session:
        row = await mandates.sign(session, town.clock, wanted(town), "account:1")
        for word, state, contract in (
            ({"holds": True}, "active", ""),
            ({"holds": True, "contract": "c1"}, "active", "c1"),
            ({"holds": True, "contract": "c2"}, "active", "c1"),
            ({"holds": False, "contract": "c2"}, "active", "c1"),
            ({"holds": False, "contract": "c1"}, "terminated", "c1"),
            ({"holds": True, "contract": "c3"}, "terminated", "c1"),
        ):
            await mandates.hear(session, town.clock, row.id, **word)
            await session.flush()
            await session.refresh(row)
            assert (row.state, row.contract) == (state, contract)


async def test_an_object_is_charged_to_one_person_at_a_time(town: Town) -> None:
    wang, li = town.accounts["wang"], town.accounts["li"]

    async def signs(account: UUID, host: str = "alipay") -> UUID:
        new = wanted(town, account_id=account, provider=host, app_id=APPS[host])
        async with town.database.session() as session:
            return (await mandates.sign(session, town.clock, new, "account:1")).id

    async def steps(mandate: UUID, event: MandateEvent) -> str:
        async with town.database.session() as session:
            return (await mandates.step(session, town.clock, mandate, event, actor="account:1")).state

    first, second, other = await signs(wang), await signs(wang, "wechat"), await signs(li)
    assert [await steps(each, "activate") for each in (first, second)] == ["active", "active"]
    with pytest.raises(MandateTakenError, match="Somebody else"):
        await steps(other, "activate")
    await steps(first, "suspend")
    await steps(second, "terminate")
    assert await steps(other, "activate") == "active"
    with pytest.raises(MandateTakenError, match="Somebody else"):
        await steps(first, "resume")


@pytest.mark.parametrize("attempt", range(5))
async def test_of_two_people_of_whom_hosts_say_so_at_once_one_has_the_mandate(town: Town, attempt: int) -> None:
    signed = []
    for who in ("wang", "li"):
        async with town.database.session() as session:
            new = wanted(town, account_id=town.accounts[who], about=f"vehicle:{attempt}")
            signed.append((await mandates.sign(session, town.clock, new, "account:1")).id)

    async def hears(mandate: UUID) -> None:
        async with town.database.session() as session:
            await mandates.hear(session, town.clock, mandate, holds=True)

    await asyncio.gather(*(hears(each) for each in signed))
    async with town.database.session() as session:
        rows = [await session.get_one(DebitMandate, each) for each in signed]
    assert sorted(row.state for row in rows) == ["active", "terminated"]
    assert {row.because for row in rows} == {"", "Somebody else's mandate pays for this"}
