"""Everything that the platform holds about a resident, to read and to take along (PIPL article 45)."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.merging import parts_of
from auth.accounts.passkeys import label_of, passkeys_of
from auth.accounts.tables import Account, AccountMerge, Identity
from auth.clients.tables import ClientGrant, PairwiseSubject
from auth.consents.ledger import history
from auth.mandates.kinds import Party
from auth.mandates.mandates import mandates_of
from auth.mandates.representations import representations_of
from auth.mandates.tables import Mandate
from auth.sessions.tables import Session
from kernel.crypto.fields import FieldCipher

_OWN = {"account_id", "name", "id_number", "id_number_index", "value", "cookie_digest", "digest"}
_OWN |= {"begin_recorded", "end_recorded"}
"""Columns that are not given as they are: links between rows, sealed values (given open), digests and marks."""


async def holdings(session: AsyncSession, cipher: FieldCipher, account_id: UUID) -> dict[str, Any]:
    """Return it as JSON's own types, sealed values opened; that of accounts which became part of this one too."""
    account = await session.get_one(Account, account_id)
    parts = await parts_of(session, account_id)
    mandates = {each.id: each for part in parts for each in await mandates_of(session, Party(part))}
    person = {
        "name": None if account.name is None else cipher.open("account.name", account.id, account.name),
        "id_number": None
        if account.id_number is None
        else cipher.open("account.id_number", account.id, account.id_number),
    }

    async def rows_of(table: type[Identity | Session | ClientGrant | PairwiseSubject]) -> list[Any]:
        return list((await session.exec(select(table).where(col(table.account_id).in_(parts)))).all())

    return {
        "account": _plain(account) | person,
        "merges": _rows((await session.exec(select(AccountMerge).where(col(AccountMerge.gone_id).in_(parts)))).all()),
        "identities": [_plain(each) | _value(cipher, each) for each in await rows_of(Identity)],
        "passkeys": [
            _plain(held.passkey, but={"public_key", "user_handle"}) | {"label": label_of(cipher, held)}
            for part in parts
            for held in await passkeys_of(session, part)
        ],
        "sessions": _rows(await rows_of(Session)),
        "grants": _rows(await rows_of(ClientGrant)),
        "names_at_sectors": _rows(await rows_of(PairwiseSubject)),
        "consents": _rows(await history(session, *parts)),
        "mandates": [
            _mandate(each, "agent" if each.agent_account in parts else "principal") for each in mandates.values()
        ],
        "represents": _rows(await representations_of(session, account_id)),
    }


def _rows(rows: Iterable[SQLModel]) -> list[dict[str, Any]]:
    return [_plain(each) for each in rows]


def _mandate(row: Mandate, side: str) -> dict[str, Any]:
    """Return a mandate as one of its sides may have it: what the other side proved it by is theirs."""
    others = {"principal_account", "agent_account", "granted_by", "revoked_by"}
    return _plain(row, but=others | ({"evidence_reference"} if side == "agent" else set())) | {"side": side}


def _value(cipher: FieldCipher, row: Identity) -> dict[str, Any]:
    return {} if row.value is None else {"value": cipher.open("identity.value", row.id, row.value)}


def _plain(row: SQLModel, but: Iterable[str] = ()) -> dict[str, Any]:
    return plain_row(row, _OWN.union(but))


def plain_row(row: SQLModel, hidden: Collection[str]) -> dict[str, Any]:
    """Return a row in JSON's own types, but for some of its columns."""
    return {name: _json(value) for name, value in row.model_dump().items() if name not in hidden}


def _json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
