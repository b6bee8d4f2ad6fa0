"""Who may do what where: roles are held at an organisation and reach all below it, on the line they are held on."""

import re
from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from msgspec import Struct
from sqlalchemy import ColumnElement, Text, any_, cast, func, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.audit.entries import Detail, Event, append
from kernel.clock import Clock
from services_catalog.organisations.errors import OwnSubmissionError, RoleRefusedError
from services_catalog.organisations.questions import find
from services_catalog.organisations.tables import Organisation, RoleHeld
from services_catalog.organisations.words import Line

Role = Literal["owner", "editor", "reviewer", "operator", "auditor", "clerk", "hotline", "display"]
Action = Literal[
    "submit",
    "edit",
    "review",
    "publish",
    "suspend",
    "ask",
    "read_drafts",
    "read_audit",
    "grant_roles",
    "serve_residents",
    "answer_hotline",
    "show_hall",
]

ROLES: tuple[Role, ...] = get_args(Role)
MAY: dict[Action, frozenset[Role]] = {
    "submit": frozenset({"owner", "editor"}),
    "edit": frozenset({"owner", "editor"}),
    "review": frozenset({"owner", "reviewer"}),
    "publish": frozenset({"owner", "reviewer"}),
    "suspend": frozenset({"owner", "reviewer", "operator"}),
    "ask": frozenset({"owner", "editor", "operator"}),  # applicants for something
    "read_drafts": frozenset({"owner", "editor", "reviewer", "operator", "auditor"}),
    "read_audit": frozenset({"owner", "auditor"}),
    "grant_roles": frozenset({"owner"}),
    "serve_residents": frozenset({"owner", "operator", "clerk"}),  # at a counter
    "answer_hotline": frozenset({"owner", "operator", "hotline"}),  # for all offices below
    "show_hall": frozenset({"owner", "operator", "clerk", "display"}),  # who waits there: for screens, too
}
_HOLDER = re.compile(r"(credential|account):[A-Za-z0-9-]{1,64}", re.ASCII)
_THE_OPERATOR = "operator:"  # the platform's own, at the command line: may grant anything


class Grant(Struct, frozen=True):
    """A role to give; ``until`` None: until it is taken away."""

    holder: str
    organisation: str
    role: Role
    line: Line = "administrative"
    until: datetime | None = None


def where_may(
    holder: str, action: Action, at: datetime, path: Any = Organisation.path, guidance: Any = Organisation.guidance_path
) -> ColumnElement[bool]:
    """The condition that ``holder`` may do ``action`` at an organisation, on the columns of its two present paths.

    A list that is selected with it has exactly what roles and tree allow.
    """
    lines: tuple[tuple[Line, Any], ...] = (("administrative", path), ("guidance", guidance))
    return or_(*(_reached(holder, action, at, line, column) for line, column in lines))


async def may(session: AsyncSession, clock: Clock, holder: str, action: Action, organisation: str) -> bool:
    """Whether ``holder`` may do ``action`` at an organisation; never at one that is unknown."""
    query = select(where_may(holder, action, clock.now())).where(col(Organisation.code) == organisation)
    return bool((await session.exec(query)).first())


async def role_for(session: AsyncSession, clock: Clock, holder: str, action: Action, organisation: str) -> str | None:
    """Return a role by which ``holder`` may do ``action`` at an organisation, None if there is none."""
    if holder.startswith(_THE_OPERATOR):
        return "operator"
    lines: tuple[tuple[Line, Any], ...] = (
        ("administrative", col(Organisation.path)),
        ("guidance", col(Organisation.guidance_path)),
    )
    at = col(RoleHeld.organisation).collate("C")  # as paths are
    reaches = [(col(RoleHeld.line) == line) & (at == any_(func.string_to_array(path, "/"))) for line, path in lines]
    mine = (*_now(clock.now()), col(RoleHeld.holder) == holder, col(RoleHeld.role).in_(sorted(MAY[action])))
    query = select(RoleHeld.role).join(Organisation, col(Organisation.code) == organisation)
    return (await session.exec(query.where(*mine, or_(*reaches)).order_by(col(RoleHeld.id)).limit(1))).first()


async def who_may(session: AsyncSession, clock: Clock, action: Action, organisation: str) -> list[RoleHeld]:
    """Return the roles that somebody holds now by which they may do ``action`` at an organisation, oldest first."""
    paths = select(Organisation.path, Organisation.guidance_path).where(col(Organisation.code) == organisation)
    found = (await session.exec(paths)).first()
    if found is None:
        return []
    line, at = col(RoleHeld.line), col(RoleHeld.organisation)
    on_one = [(line == name) & at.in_(path.split("/")) for name, path in zip(get_args(Line), found, strict=True)]
    held = (*_now(clock.now()), col(RoleHeld.role).in_(sorted(MAY[action])))
    return list((await session.exec(select(RoleHeld).where(*held, or_(*on_one)).order_by(col(RoleHeld.id)))).all())


def check_apart(reviewer: str, took_part: Collection[str]) -> None:
    """Refuse a reviewer who took part in the submission, whatever their role. Raises OwnSubmissionError."""
    if reviewer in took_part:
        raise OwnSubmissionError(
            "You took part in this submission, so you cannot review it",
            fix="Ask another reviewer of the organisation, or of one above it.",
        )


def check_holder(holder: str) -> None:
    """Raise RoleRefusedError unless ``holder`` is written as one; it is not repeated, for it may be a whole key."""
    if not _HOLDER.fullmatch(holder):
        raise RoleRefusedError(
            "What you have named can hold no role",
            fix="Name credential:<key id> or account:<account id>; a key's id is the part between its first two _.",
        )


async def grant(session: AsyncSession, clock: Clock, by: str, given: Grant) -> UUID:
    """Give a role. Raises RoleRefusedError unless ``by`` owns the organisation on that line, or is the operator."""
    now = clock.now()
    check_holder(given.holder)
    if given.until is not None and given.until <= now:
        raise RoleRefusedError(f"{given.until} has passed", fix="Name a later end, or none.")
    await find(session, given.organisation)
    await _check_owner(session, now, by, given.organisation, given.line)
    row = RoleHeld(
        holder=given.holder,
        organisation=given.organisation,
        role=given.role,
        line=given.line,
        valid_from=now,
        valid_to=given.until,
        granted_by=by,
    )
    session.add(row)
    await append(session, clock, _event("role.granted", by, row))
    return row.id


async def revoke(session: AsyncSession, clock: Clock, by: str, id_: UUID) -> RoleHeld:
    """Take a role away, at once. Raises RoleRefusedError as ``grant`` does, and where there is no such role now."""
    now = clock.now()
    row = await session.get(RoleHeld, id_, with_for_update=True)
    if row is None or (row.valid_to is not None and row.valid_to <= now):
        raise RoleRefusedError(f"No role {id_} is held now", fix="yiwang role list shows those that are.")
    await _check_owner(session, now, by, row.organisation, row.line)
    row.valid_to = now
    session.add(row)
    await append(session, clock, _event("role.revoked", by, row))
    return row


async def roles(session: AsyncSession, at: datetime, *, holder: str = "", organisation: str = "") -> list[RoleHeld]:
    """Return the roles held at a time, of a holder, at an organisation itself, or all; the oldest first."""
    query = select(RoleHeld).where(*_now(at))
    query = query.where(col(RoleHeld.holder) == holder) if holder else query
    query = query.where(col(RoleHeld.organisation) == organisation) if organisation else query
    return list((await session.exec(query.order_by(col(RoleHeld.id)))).all())


async def _check_owner(session: AsyncSession, at: datetime, by: str, organisation: str, line: Line) -> None:
    if by.startswith(_THE_OPERATOR):
        return
    path = Organisation.path if line == "administrative" else Organisation.guidance_path
    query = select(_reached(by, "grant_roles", at, line, path)).where(col(Organisation.code) == organisation)
    if not (await session.exec(query)).first():
        raise RoleRefusedError(
            f"Only an owner of {organisation}, or of what is above it on the {line} line, gives and takes its roles",
            fix="Ask one of them: yiwang role list.",
        )


def _reached(holder: str, action: Action, at: datetime, line: Line, path: Any) -> ColumnElement[bool]:
    """Whether a path leads over an organisation at which ``holder`` may do ``action`` on the line; looked up once."""
    held = select(cast(RoleHeld.organisation, Text)).where(
        *_now(at),
        col(RoleHeld.holder) == holder,
        col(RoleHeld.line) == line,
        col(RoleHeld.role).in_(sorted(MAY[action])),
    )
    return func.string_to_array(path, "/").bool_op("&&")(func.array(held.correlate(None).scalar_subquery()))


def _now(at: datetime) -> tuple[ColumnElement[bool], ...]:
    end = col(RoleHeld.valid_to)
    return col(RoleHeld.valid_from) <= at, end.is_(None) | (end > at)


def _event(action: str, by: str, row: RoleHeld) -> Event:
    details: dict[str, Detail] = {"role": row.role, "organisation": row.organisation, "line": row.line}
    return Event(actor=by, action=action, object=row.holder, details=details)
