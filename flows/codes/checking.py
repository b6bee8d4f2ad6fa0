"""The online check: a verifier has read a code and asks what it is worth. It is told what its licence says, no more.

A code counts once; whom it was shown to is recorded for its holder to see. A refusal is an answer, not an error: it is
recorded too, if the code is one that we have issued.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.accounts import account_of
from auth.errors import AccountClosedError, UnknownAccountError
from auth.provider.subjects import claims_of
from flows.codes import opaque_codes, pass_codes, signed_codes, single_use
from flows.codes.desk import Desk
from flows.codes.distance import Position, apart
from flows.codes.errors import PassCodeRefusedError
from flows.codes.offline import Use
from flows.codes.recording import Reading, note, recorded_use, signed_use
from flows.codes.refusals import Refusal
from flows.codes.revocations import Kind, named_by
from flows.codes.revoking import is_revoked
from flows.codes.subjects import Holder, holder_of, subject_for
from flows.codes.tables import CodeVerifier, Result
from flows.codes.verifiers import Verifier
from kernel.crypto.fields import FieldCipher
from kernel.database import driver
from kernel.masks import masked_name

FARTHEST_METRES = 300
"""How far from the verifier a phone may say that it is: among towers and under ground positions err by half of that."""


class FirstUse(Struct, frozen=True):
    """Where and when a code was used before."""

    verifier: UUID
    name_zh: str
    name_en: str
    at: datetime


class Checked(Struct, frozen=True, omit_defaults=True):
    """What a verifier is told. ``subject`` is its group's name for the holder, in hexadecimal digits."""

    result: str
    at: datetime
    message: str = ""
    fix: str = ""
    purpose: str = ""
    subject: str = ""
    claims: dict[str, Any] = {}
    first_use: FirstUse | None = None


class _Read(Struct, frozen=True):
    """A code that we have issued."""

    code_id: bytes
    purpose: str
    issued_at: datetime
    named: Sequence[tuple[Kind, bytes]]  # what of it may be revoked
    subject: bytes
    where: Position | None = None  # the phone, when the code was issued


class _Asked(Struct, frozen=True):
    """One request of a verifier, and when it came."""

    verifier: Verifier
    request_id: str
    at: datetime

    def reading(self, code: _Read, holder: Holder | None, result: Result) -> Reading:
        return Reading(
            code_id=code.code_id,
            account_id=holder.account_id if holder is not None else None,
            purpose=code.purpose,
            used_at=self.at,
            result=result,
            request_id=self.request_id,
            claims=self.verifier.claims if result == "ok" else (),
        )


async def check(session: AsyncSession, desk: Desk, verifier: Verifier, text: str, request_id: str) -> Checked:
    """Return what a code is worth. Raises CodesUnavailableError."""
    asked = _Asked(verifier, request_id, desk.clock.now())
    try:
        code = await _read(desk, asked, text)
    except PassCodeRefusedError as error:
        return _refused(error.reason, error.message, asked)
    connection = await driver(session)
    holder = await _open_holder(session, await holder_of(connection, code.subject))
    if holder is None or await is_revoked(connection, code.named, code.issued_at):
        await note(connection, desk.clock, verifier, asked.reading(code, holder, "revoked"))
        return _refused(Refusal.REVOKED, "The code is revoked", asked, code)
    if (apart(verifier.where, code.where) or 0) > FARTHEST_METRES:
        await note(connection, desk.clock, verifier, asked.reading(code, holder, "too_far"))
        return _refused(Refusal.TOO_FAR, f"The code's phone is more than {FARTHEST_METRES} m from here", asked, code)
    use = Use(str(verifier.id), request_id, asked.at)
    first = await signed_use(connection, code.code_id, use) or await single_use.first_use(desk.redis, code.code_id, use)
    if first is None and not await note(connection, desk.clock, verifier, asked.reading(code, holder, "ok")):
        first = await recorded_use(connection, code.code_id, use)  # what Redis has forgotten of an opaque code
    if first is not None:
        await note(connection, desk.clock, verifier, asked.reading(code, holder, "replay"))
        return await _replayed(session, asked, code, first)
    subject = code.subject
    if holder.group != verifier.group:
        subject = await subject_for(session, desk.clock, verifier.group, holder.account_id)
    claims = await _claims(session, desk.cipher, holder, verifier.claims)
    return Checked(result="ok", at=asked.at, purpose=code.purpose, subject=subject.hex(), claims=claims)


async def _replayed(session: AsyncSession, asked: _Asked, code: _Read, first: Use) -> Checked:
    where = await session.get(CodeVerifier, UUID(first.verifier))
    named = FirstUse(where.id, where.name_zh, where.name_en, first.at) if where is not None else None
    return replace(_refused(Refusal.REPLAY, "The code was used before", asked, code), first_use=named)


def _refused(reason: Refusal, message: str, asked: _Asked, code: _Read | None = None) -> Checked:
    error = PassCodeRefusedError(reason, message)
    purpose = code.purpose if code is not None else ""
    return Checked(result=reason.value, at=asked.at, message=message, fix=error.fix, purpose=purpose)


async def _read(desk: Desk, asked: _Asked, text: str) -> _Read:
    """Read a code of either kind that is in its time. Raises PassCodeRefusedError, CodesUnavailableError."""
    purposes = asked.verifier.purposes
    if not text.startswith(opaque_codes.PREFIX):
        code = signed_codes.authentic(text, desk.keys().published, purposes, asked.at)
        pass_codes.check_time(code, asked.at)
        return _Read(code.code_id, code.purpose, code.issued_at, named_by(code), code.subject)
    code_id = opaque_codes.code_id_of(text)
    meant = await opaque_codes.meaning_of(desk.redis, code_id, asked.at)
    if meant.purpose not in purposes:
        raise PassCodeRefusedError(Refusal.WRONG_PURPOSE, f"It is for {meant.purpose}, which is not read here")
    named: tuple[tuple[Kind, bytes], ...] = (("subject", meant.subject),)
    return _Read(code_id, meant.purpose, meant.issued_at, named, meant.subject, meant.where)


async def _open_holder(session: AsyncSession, found: Holder | None) -> Holder | None:
    """Return whose code it is, None if nobody's or a closed account's."""
    if found is None or found.status == "active":
        return found
    try:
        account = await account_of(session, found.account_id)  # which another may have become part of
    except (AccountClosedError, UnknownAccountError):
        return None
    return Holder(account.id, account.status, account.ial, found.group)


async def _claims(
    session: AsyncSession, cipher: FieldCipher, holder: Holder, licensed: Sequence[str]
) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if "level" in licensed:
        told["level"] = f"L{holder.ial}"
    if "masked_name" in licensed:
        name = (await claims_of(session, cipher, holder.account_id, {"name"})).get("name")
        told["masked_name"] = masked_name(name) if name else None
    return told
