"""The simulated identity service: it knows the residents, and whether a face is theirs is asked on their phone.

The numbers follow GB 11643-1999, the face check's ten minutes are our own choice.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlencode, urlsplit

import msgspec
from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import Struct

from adapters.identity import (
    FaceCheck,
    FaceCheckCode,
    FaceCheckReply,
    FaceCheckRequest,
    FaceCheckState,
    MatchReply,
    MatchRequest,
)
from adapters.sandbox.errors import SandboxRefusedError, UnknownHereError
from adapters.sandbox.registers import SimulatedRegisters
from adapters.sandbox.signed import ANSWER_FAULTS, Answer, AnyRequest, RefusedError, SignedDoors, decoded
from adapters.sandbox.world import CHILDREN, Fault, World
from adapters.signed_json import SigningKey

# Where faults are planned.
MATCH = "identity.match"
BEGIN = "identity.face_check"
RESULT = "identity.face_check_result"

_OPEN_FOR = timedelta(minutes=10)
_WEIGHTS = tuple(pow(2, 17 - place, 11) for place in range(17))
_CHECK_DIGITS = "10X98765432"


class AskedFaceCheck(Struct, frozen=True):
    """A face check as the simulated phone shows it."""

    id: str
    resident: str  # empty for a person whom nobody here is
    state: FaceCheckState | Literal["pending"]
    return_url: str  # where the phone is led back to; once it is decided with the check and its code
    began: datetime


class SimulatedIdentity:
    """The service below ``/identity`` and the phone's side of its face checks."""

    def __init__(self, world: World, key: SigningKey, *, slow_seconds: float = 6.0) -> None:
        self._world = world
        self._doors = SignedDoors(world, key, "identity", slow_seconds=slow_seconds)
        self._registers = SimulatedRegisters(world, self._doors)
        self._checks: dict[str, AskedFaceCheck] = {}
        self._codes: dict[str, str] = {}  # of the checks that are decided
        self._numbers: dict[str, tuple[FaceCheckRequest, str]] = {}  # by the caller's number: what was asked, the id
        world.offer_faults(MATCH, *ANSWER_FAULTS)
        world.offer_faults(BEGIN, *ANSWER_FAULTS)
        world.offer_faults(RESULT, *ANSWER_FAULTS)

    def routes(self) -> Sequence[HTTPRouteHandler]:
        """Return the server side; adapters/identity.py describes the wire."""

        @post("/identity/matches", summary="Compare a name with an ID number (signed)", tags=["identity"])
        async def match(request: AnyRequest) -> Response[bytes]:
            """Say whether they belong together, not which of the two is wrong."""
            return await self._doors.answer(request, MATCH, self._match)

        @post("/identity/face-checks", summary="Begin a face check (signed)", tags=["identity"])
        async def begin(request: AnyRequest) -> Response[bytes]:
            """Return the address at which the person is to look into the camera; here, to confirm."""
            base = str(request.base_url).rstrip("/")
            return await self._doors.answer(request, BEGIN, lambda body, _: self._begin(body, base))

        @post("/identity/face-checks/{check:str}/result", summary="Redeem a code (signed)", tags=["identity"])
        async def result(request: AnyRequest, check: FromPath[str]) -> Response[bytes]:
            """Say passed or failed to whoever has the code that the phone was led back with."""
            return await self._doors.answer(request, RESULT, lambda body, _: self._result(check, body))

        return [match, begin, result, *self._registers.routes()]

    def face_checks(self, resident: str) -> Sequence[AskedFaceCheck]:
        """Return a resident's checks, the newest first, and those of nobody here, which any phone may have opened."""
        return [each for each in map(self._now, reversed(self._checks)) if each.resident in (resident, "")]

    def decide(self, resident: str, check: str, state: FaceCheckState) -> AskedFaceCheck:
        """Have the resident look into the camera, or another. Raises UnknownHereError, SandboxRefusedError."""
        if check not in self._checks or self._checks[check].resident != resident:
            raise UnknownHereError(
                f"{resident} has no face check {check}", fix=f"GET /phones/{resident}/face-checks lists them."
            )
        found = self._now(check)
        if found.state != "pending":
            raise SandboxRefusedError(f"The face check {check} has {found.state} already", fix="Begin a new one.")
        self._world.note("identity", BEGIN, f"{resident} {state}")
        return self._decided(found, state)

    def _match(self, body: bytes, _fault: Fault | None) -> Answer:
        asked = decoded(body, MatchRequest)
        child = any((each.name, each.id_number) == (asked.name, asked.id_number) for each in CHILDREN)
        return Answer(200, MatchReply(match=bool(self._person(asked.name, asked.id_number)) or child))

    def _begin(self, body: bytes, base: str) -> Answer:
        asked = decoded(body, FaceCheckRequest)
        person = self._person(asked.name, asked.id_number)
        before = self._numbers.get(asked.number)
        if not asked.number or (before and before[0] != asked):
            raise RefusedError(422, "number", "The number is empty or names another check already", "number")
        if urlsplit(asked.return_url).scheme not in {"https", "http"}:
            raise RefusedError(422, "return_url", "The person cannot return there", "return_url")
        id_ = before[1] if before else f"check-{self._world.token(22)}"
        if not before:
            self._numbers[asked.number] = asked, id_
            check = AskedFaceCheck(id_, person, "pending", asked.return_url, self._world.clock.now())
            self._checks[id_] = check
            if not person:
                self._decided(check, "failed")
        return Answer(201, FaceCheck(id_, f"{base}/?face-check={id_}"))

    def _result(self, check: str, body: bytes) -> Answer:
        asked = decoded(body, FaceCheckCode)
        if check not in self._checks:
            raise RefusedError(404, "unknown_check", "No such face check", "id")
        state = self._now(check).state
        if state == "pending" or asked.code != self._codes[check]:
            raise RefusedError(422, "code", "This is not the code that the phone was led back with", "code")
        return Answer(200, FaceCheckReply(state))

    def _decided(self, found: AskedFaceCheck, state: FaceCheckState) -> AskedFaceCheck:
        """End a check, and make the code that only the phone gets, in the address that it is led back to."""
        code = self._codes[found.id] = self._world.token()
        separator = "&" if urlsplit(found.return_url).query else "?"
        back = f"{found.return_url}{separator}{urlencode({'check': found.id, 'code': code})}"
        self._checks[found.id] = msgspec.structs.replace(found, state=state, return_url=back)
        return self._checks[found.id]

    def _now(self, check: str) -> AskedFaceCheck:
        """A check as it stands by the clock: who does not look into the camera in time has failed."""
        found = self._checks[check]
        if found.state == "pending" and self._world.clock.now() - found.began > _OPEN_FOR:
            return self._decided(found, "failed")
        return found

    def _person(self, name: str, id_number: str) -> str:
        """The key of whom both belong to, empty if nobody here. Raises RefusedError."""
        if not is_id_number(id_number):
            raise RefusedError(
                422, "id_number", "That is no ID number: 18 characters with a right check digit", "id_number"
            )
        return self._world.resident_of(name, id_number)


def is_id_number(text: str) -> bool:
    """Whether the text is 17 digits and their check digit (ISO 7064, MOD 11-2)."""
    digits = text[:17]
    if len(text) != 18 or not (digits.isascii() and digits.isdigit()):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True))
    return text[17] == _CHECK_DIGITS[total % 11]
