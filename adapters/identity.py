"""The authoritative identity service: whether a name belongs to an ID number, and whether this person is there now.

Accounts can so be proofed without any host app. The wire is that of ``adapters.signed_json``: ``POST /matches``
``{"name", "id_number"}`` → ``{"match"}``; ``POST /face-checks`` ``{"number", "name", "id_number", "return_url"}`` →
``{"id", "url"}``, the same for the same number; ``POST /face-checks/{id}/result`` ``{"code"}`` → ``{"state"}``. A
refusal's code is ``id_number``, ``number``, ``return_url``, ``unknown_check`` or ``code``.

As with an authorization code (RFC 6749 section 4.1), a check's result belongs to the browser that looked into the
camera: once it is decided, the service leads that browser to ``return_url`` with ``check`` (the id) and ``code``, which
nobody can guess, added to its query. Whoever only began the check so learns nothing of a person who was sent its
``url``. The same code gets the same answer, as the first one may have been lost; whoever redeems it counts it once.

It also knows the registers of households and of businesses. ``POST /guardianships``
``{"name", "id_number", "child_name", "child_id_number"}`` → ``{"match", "reference"}``;
``POST /representations`` ``{"name", "id_number", "credit_code"}`` → ``{"match", "company_name", "reference"}``. The
reference is the register's own number for its answer. Refusals: ``id_number``, ``child_id_number``, ``credit_code``.

Names and ID numbers travel in bodies only, never in an address, a log or an error.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal, TypeVar
from urllib.parse import quote

from msgspec import Struct

from adapters.errors import HostConfigurationError, IdentityRefusedError
from adapters.signed_json import Refusal, SignedJson, open_signed, read, signing_key
from kernel.clock import Clock
from kernel.settings import Settings

_T = TypeVar("_T")
FaceCheckState = Literal["passed", "failed"]

_REFUSED = {
    "id_number": "Have the number typed in again: its check digit must be right.",
    "child_id_number": "Have the child's number typed in again: its check digit must be right.",
    "credit_code": "Have the company's code typed in again: its check digit must be right.",
    "number": "Take a new number for another person's check.",
    "return_url": "Return to an https address.",
    "unknown_check": "Begin a new check; old ones are forgotten.",
    "code": "Send the code with which the person came back from this check.",
}


class FaceCheck(Struct, frozen=True):
    """A check that has begun: the person opens ``url`` and comes back from there with a code."""

    id: str
    url: str


class MatchRequest(Struct, frozen=True):
    """``POST /matches``."""

    name: str
    id_number: str


class MatchReply(Struct, frozen=True):
    """Its success; the service does not say which of the two is wrong."""

    match: bool


class FaceCheckRequest(Struct, frozen=True):
    """``POST /face-checks``; the success is a FaceCheck."""

    number: str
    name: str
    id_number: str
    return_url: str


class FaceCheckCode(Struct, frozen=True):
    """``POST /face-checks/{id}/result``."""

    code: str


class FaceCheckReply(Struct, frozen=True):
    """Its success."""

    state: FaceCheckState


class GuardianshipRequest(Struct, frozen=True):
    """``POST /guardianships``."""

    name: str
    id_number: str
    child_name: str
    child_id_number: str


class GuardianshipReply(Struct, frozen=True):
    """Its success; the service does not say whether it knows the child."""

    match: bool
    reference: str = ""


class RepresentationRequest(Struct, frozen=True):
    """``POST /representations``."""

    name: str
    id_number: str
    credit_code: str


class RepresentationReply(Struct, frozen=True):
    """Its success."""

    match: bool
    company_name: str = ""
    reference: str = ""


class IdentityService:
    """Calls to the service. All raise what ``SignedJson.call`` raises, and IdentityRefusedError."""

    def __init__(self, service: SignedJson) -> None:
        self._service = service

    async def match(self, name: str, id_number: str) -> bool:
        """Whether the two belong together. IdentityRefusedError for a number that can be nobody's."""
        return _good(
            read(await self._service.call("POST", "/matches", MatchRequest(name, id_number)), MatchReply)
        ).match

    async def begin_face_check(self, number: str, name: str, id_number: str, return_url: str) -> FaceCheck:
        """Begin a check; ``number`` is ours and the idempotency key, so an unknown outcome is mended by repeating."""
        request = FaceCheckRequest(number, name, id_number, return_url)
        return _good(read(await self._service.call("POST", "/face-checks", request), FaceCheck))

    async def face_check_result(self, id: str, code: str) -> FaceCheckState:  # noqa: A002 - the id that FaceCheck has
        """How a check ended, for the code that its person came back with; only this says that somebody passed."""
        reply = await self._service.call("POST", f"/face-checks/{quote(id, safe='')}/result", FaceCheckCode(code))
        return _good(read(reply, FaceCheckReply)).state

    async def guardianship(self, asked: GuardianshipRequest) -> GuardianshipReply:
        """Whether the household register has the person as the child's guardian. IdentityRefusedError as above."""
        return _good(read(await self._service.call("POST", "/guardianships", asked), GuardianshipReply))

    async def representation(self, asked: RepresentationRequest) -> RepresentationReply:
        """Whether the business register has the person as the company's legal representative, and its name."""
        return _good(read(await self._service.call("POST", "/representations", asked), RepresentationReply))


@asynccontextmanager
async def open_identity(settings: Settings, clock: Clock) -> AsyncIterator[IdentityService | None]:
    """Open the service of YIWANG_IDENTITY_URL; None if there is none."""
    if not settings.identity_url:
        yield None
        return
    key = signing_key(settings.identity_key, "identity_key")
    async with open_signed(settings.identity_url, key, clock, "the identity service") as service:
        yield IdentityService(service)


def _good(answer: _T | Refusal) -> _T:
    if not isinstance(answer, Refusal):
        return answer
    if answer.code not in _REFUSED:
        raise HostConfigurationError(
            f"The identity service refuses with code {answer.code!r}",
            fix="Compare what it expects with adapters/identity.py.",
        )
    raise IdentityRefusedError(f"The identity service refuses {answer.code}", fix=_REFUSED[answer.code])
