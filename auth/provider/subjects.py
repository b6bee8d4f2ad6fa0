"""Which sector a client belongs to, and what is said of a resident to whom: claims by scope and by request."""

from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.accounts import identities_of
from auth.accounts.tables import Account
from auth.assurance import level_of
from auth.sessions.tables import Session
from kernel.crypto.fields import FieldCipher

CLAIMS = {
    "profile": ("name",),
    "phone": ("phone_number", "phone_number_verified"),
    "id_number": ("id_number",),
}
"""The claims of each scope; ``id_number`` is ours, the resident's ID number."""


async def claims_of(session: AsyncSession, cipher: FieldCipher, account_id: UUID, names: set[str]) -> dict[str, Any]:
    """Return those of the named claims that are known of an account."""
    found: dict[str, Any] = {}
    account = await session.get(Account, account_id) if names else None
    if account is None:
        return found
    if "name" in names and account.name is not None:
        found["name"] = cipher.open("account.name", account.id, account.name)
    if "id_number" in names and account.id_number is not None:
        found["id_number"] = cipher.open("account.id_number", account.id, account.id_number)
    if names & {"phone_number", "phone_number_verified"}:
        found |= await _phone(session, cipher, account_id)
    return {name: value for name, value in found.items() if name in names}


def asked_names(scope: str) -> set[str]:
    """Return the claims that a scope stands for; the ``claims`` parameter may choose among them, and add none."""
    return {name for each in scope.split() for name in CLAIMS.get(each, ())}


def session_claims(owner: Session) -> dict[str, Any]:
    """Return what is said of how somebody signed in."""
    return {
        "acr": level_of(owner.ial, owner.aal),
        "amr": owner.amr,
        "auth_time": int(owner.auth_time.timestamp()),
        "sid": owner.sid,
        "ial": owner.ial,
        "aal": owner.aal,
    }


async def _phone(session: AsyncSession, cipher: FieldCipher, account_id: UUID) -> dict[str, Any]:
    for identity in await identities_of(session, account_id):
        if identity.provider == "phone" and identity.value is not None:
            number = cipher.open("identity.value", identity.id, identity.value)
            return {"phone_number": number, "phone_number_verified": True}
    return {}
