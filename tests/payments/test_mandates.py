"""Debit mandates: agreed to once, charged within their limit while they are active, every step on record."""

from typing import Any

import pytest
from sqlmodel import select

from adapters.sandbox.development import APPS
from flows.payments import mandates
from flows.payments.errors import AmountRefusedError, MandateTakenError, WrongStateError
from flows.payments.mandates import NewMandate
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
