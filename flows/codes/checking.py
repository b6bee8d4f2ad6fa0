"""The online check: a verifier has read a code and asks what it is worth. It is told what its licence says, no more.

A code counts once; whom it was shown to is recorded for its holder to see. A refusal is an answer, not an error: it is
recorded too, if the code is one that we have issued.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.accounts import account_of
from auth.errors import AccountClosedError, UnknownAccountError
from auth.provider.subjects import claims_of
from flows.codes import opaque_codes, pass_codes, single_use
from flows.codes.desk import Desk
from flows.codes.errors import PassCodeRefusedError
from flows.codes.offline import Use
from flows.codes.recording import note
from flows.codes.refusals import Refusal
from flows.codes.revocations import Kind
from flows.codes.revoking import is_revoked
from flows.codes.subjects import holder_of, subject_for
from flows.codes.tables import CodeUse, CodeVerifier, Result
from kernel.crypto.fields import FieldCipher
from kernel.masks import masked_name


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
    """A code that we have issued, and whose."""

    code_id: bytes
    purpose: str
    issued_at: datetime
    named: tuple[tuple[Kind, bytes], ...]  # what of it may be revoked
    subject: bytes
    account_id: UUID | None  # None: nobody's, or a closed account's
    group: str = ""  # in which the subject is the holder's name


async def check(session: AsyncSession, desk: Desk, verifier: CodeVerifier, text: str, request_id: str) -> Checked:
    """Return what a code is worth. Raises CodesUnavailableError."""
    now = desk.clock.now()
    try:
        code = await _read(session, desk, verifier, text)
    except PassCodeRefusedError as error:
        return _refused(error.reason, error.message, now)
    if code.account_id is None or await is_revoked(session, code.named, code.issued_at):
        await note(session, desk.clock, _use(code, verifier, request_id, now, "revoked"))
        return _refused(Refusal.REVOKED, "The code is revoked", now, code)
    first = await single_use.first_use(desk.redis, code.code_id, Use(str(verifier.id), request_id, now))
    if first is not None:
        return await _replayed(session, desk, verifier, code, (request_id, first))
    await note(session, desk.clock, _use(code, verifier, request_id, now, "ok"))
    subject, group = code.subject, verifier.verifier_group
    if code.group != group:
        subject = await subject_for(session, desk.clock, group, code.account_id)
    claims = await _claims(session, desk.cipher, code.account_id, verifier.claims)
    return Checked(result="ok", at=now, purpose=code.purpose, subject=subject.hex(), claims=claims)


async def _replayed(
    session: AsyncSession, desk: Desk, verifier: CodeVerifier, code: _Read, again: tuple[str, Use]
) -> Checked:
    request_id, first = again
    now = desk.clock.now()
    await note(session, desk.clock, _use(code, verifier, request_id, now, "replay"))
    where = await session.get(CodeVerifier, UUID(first.verifier))
    named = FirstUse(where.id, where.name_zh, where.name_en, first.at) if where is not None else None
    return replace(_refused(Refusal.REPLAY, "The code was used before", now, code), first_use=named)


def _refused(reason: Refusal, message: str, now: datetime, code: _Read | None = None) -> Checked:
    error = PassCodeRefusedError(reason, message)
    purpose = code.purpose if code is not None else ""
    return Checked(result=reason.value, at=now, message=message, fix=error.fix, purpose=purpose)


async def _read(session: AsyncSession, desk: Desk, verifier: CodeVerifier, text: str) -> _Read:
    """Read a code of either kind that is in its time. Raises PassCodeRefusedError, CodesUnavailableError."""
    now = desk.clock.now()
    if text.startswith(opaque_codes.PREFIX):
        code_id = opaque_codes.code_id_of(text)
        holder = await opaque_codes.holder_of(desk.redis, code_id, now)
        _check_licence(verifier, holder.purpose)
        named: tuple[tuple[Kind, bytes], ...] = (("subject", holder.subject),)
        whose = await _whose(session, holder.subject)
        return _Read(code_id, holder.purpose, holder.issued_at, named, holder.subject, *whose)
    keys = desk.keys().published
    purpose = pass_codes.purpose_of(text, keys) or verifier.purposes[0]
    _check_licence(verifier, purpose)
    code = pass_codes.verify(text, keys, purpose, now)
    named = (("subject", code.subject), ("code", code.code_id), ("key", code.kid))
    whose = await _whose(session, code.subject)
    return _Read(code.code_id, purpose, code.issued_at, named, code.subject, *whose)


def _check_licence(verifier: CodeVerifier, purpose: str) -> None:
    if purpose not in verifier.purposes:
        raise PassCodeRefusedError(Refusal.WRONG_PURPOSE, f"The code is for {purpose}, which is not read here")


async def _whose(session: AsyncSession, subject: bytes) -> tuple[UUID | None, str]:
    """Return whose code it is, None if the account is closed, and the group that knows them by this name."""
    found = await holder_of(session, subject)
    if found is None:
        return None, ""
    account, group = found
    try:
        return (await account_of(session, account.id)).id, group  # which the session has read already
    except (AccountClosedError, UnknownAccountError):
        return None, group


async def _claims(session: AsyncSession, cipher: FieldCipher, account_id: UUID, licensed: list[str]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if "level" in licensed:
        told["level"] = f"L{(await account_of(session, account_id)).ial}"
    if "masked_name" in licensed:
        name = (await claims_of(session, cipher, account_id, {"name"})).get("name")
        told["masked_name"] = masked_name(name) if name else None
    return told


def _use(code: _Read, verifier: CodeVerifier, request_id: str, now: datetime, result: Result) -> CodeUse:
    return CodeUse(
        code_id=code.code_id,
        account_id=code.account_id,
        verifier_id=verifier.id,
        purpose=code.purpose,
        claims=verifier.claims if result == "ok" else [],
        used_at=now,
        received_at=now,
        result=result,
        request_id=request_id,
    )
