"""Everything that the platform holds about a resident, to read and to take along (PIPL article 45)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.tables import Account, Identity
from auth.clients.tables import ClientGrant, PairwiseSubject
from auth.consents.ledger import history
from auth.mandates.kinds import Party
from auth.mandates.mandates import mandates_of
from auth.mandates.representations import representations_of
from auth.sessions.tables import Session
from kernel.crypto.fields import FieldCipher

_OWN = {"account_id", "name", "id_number", "id_number_index", "value", "cookie_digest", "digest"}
_OWN |= {"begin_recorded", "end_recorded"}
"""Columns that are not given as they are: links between rows, sealed values (given open), digests and marks."""


async def holdings(session: AsyncSession, cipher: FieldCipher, account_id: UUID) -> dict[str, Any]:
    """Return it as JSON's own types, sealed values opened."""
    account = await session.get_one(Account, account_id)
    identities = await _all(session, select(Identity).where(Identity.account_id == account_id))
    party = Party(account_id)
    mandates = await mandates_of(session, party)
    person = {
        "name": None if account.name is None else cipher.open("account.name", account.id, account.name),
        "id_number": None
        if account.id_number is None
        else cipher.open("account.id_number", account.id, account.id_number),
    }
    return {
        "account": _plain(account) | person,
        "identities": [_plain(each) | _value(cipher, each) for each in identities],
        "sessions": _rows(await _all(session, select(Session).where(Session.account_id == account_id))),
        "grants": _rows(await _all(session, select(ClientGrant).where(ClientGrant.account_id == account_id))),
        "names_at_sectors": _rows(
            await _all(session, select(PairwiseSubject).where(PairwiseSubject.account_id == account_id))
        ),
        "consents": _rows(await history(session, account_id)),
        "mandates": [
            _plain(each, but={"principal_account", "agent_account", "granted_by", "revoked_by"})
            | {"side": "agent" if each.agent_account == account_id else "principal"}
            for each in mandates
        ],
        "represents": _rows(await representations_of(session, account_id)),
    }


async def _all(session: AsyncSession, query: Any) -> list[Any]:
    return list((await session.exec(query)).all())


def _rows(rows: Iterable[SQLModel]) -> list[dict[str, Any]]:
    return [_plain(each) for each in rows]


def _value(cipher: FieldCipher, row: Identity) -> dict[str, Any]:
    return {} if row.value is None else {"value": cipher.open("identity.value", row.id, row.value)}


def _plain(row: SQLModel, but: Iterable[str] = ()) -> dict[str, Any]:
    hidden = _OWN.union(but)
    return {name: _json(value) for name, value in row.model_dump().items() if name not in hidden}


def _json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
