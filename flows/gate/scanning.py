"""Codes at a lane: judged here by the rules of ``flows.codes.offline``, used once, told to the platform later.

What cannot be judged here (an opaque code, a clock that is not known, a list that is too old) is asked of the platform
if it can be reached; otherwise a person decides.
"""

from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Struct

from flows.codes import key_sets, offline, revocations, signed_codes, signed_receipts
from flows.codes.errors import PassCodeRefusedError, SignedListRefusedError
from flows.codes.key_sets import KeySet, PublicKey
from flows.codes.offline import Held, Risk, SeenCodes
from flows.codes.pass_codes import SKEW, PassCode
from flows.codes.refusals import Refusal
from flows.codes.revocations import RevocationList
from flows.gate.cloud import Cloud
from flows.gate.errors import CloudAwayError
from flows.gate.site_file import SiteFile
from flows.gate.store import Change, Statement, Store, keep

PURPOSE = "parking"
KEYS, REVOKED = "codes.keys", "codes.revocations"  # what the lists are kept as
LIST_KEY = "codes.list_key"  # the key that the box was installed with when it learnt them
_ASK_SECONDS = 2  # a driver waits
_NOT_HERE = {Refusal.ONLINE_ONLY, Refusal.LIST_TOO_OLD, Refusal.NOT_A_CODE, Refusal.UNKNOWN_KEY}
_CODES = (*signed_codes.PREFIXES, "S:")  # what the platform judges: signed codes, and opaque ones


class _Kept(Struct, frozen=True):
    """A key set as it is kept. It was believed when it came; the key that signed it may be gone since."""

    version: int
    issued_at: datetime | None
    keys: list[tuple[bytes, str, bytes, datetime | None]]


class _Checked(Struct, frozen=True):
    """What the platform says of a code."""

    result: str
    purpose: str = ""
    subject: str = ""
    message: str = ""


class Accepted(Struct, frozen=True):
    """Whose code it was, in hexadecimal digits, and what is to be kept of its use."""

    subject: str
    keep: tuple[Change, ...] = ()


class ReceiptKept(Struct, frozen=True):
    """A receipt that was shown for a plate: it pays for one leaving until then, the skew included."""

    receipt_id: bytes
    until: datetime


class Scanner:
    """The lists, and which codes this site has let through."""

    def __init__(self, site: SiteFile, store: Store, cloud: Cloud) -> None:
        self._site = site
        self._store = store
        self._cloud = cloud
        self._seen = SeenCodes()
        self.keys = site.trusted
        self.revoked: RevocationList | None = None
        self.receipts: dict[str, ReceiptKept] = {}
        self._spent: dict[bytes, ReceiptKept] = {}

    async def open(self, now: datetime) -> None:
        """Read what was kept. A list that this version does not believe is fetched anew.

        Another key in the site's file means that the former one is not to be believed, nor what it has signed.
        """
        names = KEYS, REVOKED, LIST_KEY
        kept = dict(await self._store.rows("SELECT name, body FROM kept WHERE name IN (?, ?, ?)", *names))
        if kept.get(LIST_KEY) != self._site.list_key.encode():
            forgotten: list[Statement] = [("DELETE FROM kept WHERE name IN (?, ?)", (KEYS, REVOKED))]
            await self._store.write([*forgotten, keep(LIST_KEY, self._site.list_key.encode())])
            kept = {}
        if KEYS in kept:
            self.keys = _opened(kept[KEYS])
        if REVOKED in kept:
            with suppress(SignedListRefusedError):
                self.revoked = revocations.read(kept[REVOKED], self.keys, now)
        for (body,) in await self._store.rows("SELECT body FROM seen ORDER BY until"):
            lane, request_id, at, code = msgspec.msgpack.decode(body, type=tuple[str, str, datetime, PassCode])
            self._seen.use(code, lane, request_id, at)
        query = "SELECT receipt_id, who, until, spent FROM receipt"
        for receipt_id, who, until, spent in await self._store.rows(query):
            shown = ReceiptKept(receipt_id, datetime.fromtimestamp(until, UTC))
            if spent:
                self._spent[receipt_id] = shown
            else:
                self.receipts[who] = shown

    def forget(self, now: datetime) -> list[Statement]:
        """Forget receipts whose time is over, and return what forgets them and the codes on the disk."""
        self.receipts = {who: each for who, each in self.receipts.items() if each.until >= now}
        self._spent = {name: each for name, each in self._spent.items() if each.until >= now}
        over = (now.timestamp(),)
        return [("DELETE FROM seen WHERE until < ?", over), ("DELETE FROM receipt WHERE until < ?", over)]

    async def learn_keys(self, signed: bytes, now: datetime) -> None:
        """Take a key set over that is signed and newer. Raises SignedListRefusedError, StoreFailedError."""
        found = key_sets.read(signed, self.keys, now)
        await self._store.write([keep(KEYS, _closed(found))])
        self.keys = found

    async def learn_revoked(self, signed: bytes, now: datetime) -> None:
        """As ``learn_keys``, the revocation list."""
        found = revocations.read(signed, self.keys, now, self.revoked)
        await self._store.write([keep(REVOKED, signed)])
        self.revoked = found

    async def accept(self, text: str, lane: str, request: UUID, now: datetime, risk: Risk) -> Accepted:
        """Judge a pass code. Raises PassCodeRefusedError."""
        try:
            code = offline.judge(text, Held(self.keys, self.revoked, self._cloud.time), PURPOSE, now, risk=risk)
        except PassCodeRefusedError as error:
            if error.reason not in _NOT_HERE or not text.startswith(_CODES) or not self._cloud.is_up(now):
                raise
            subject = await self._ask(text, request, error)
            signed = text.startswith(signed_codes.PREFIXES)  # the box might take it for unused later
            return Accepted(subject, (self._use(signed_codes.stated(text), lane, request, now),) if signed else ())
        used = {"code": text, "request_id": str(request), "used_at": now}
        told = "INSERT OR IGNORE INTO code_use VALUES (?, ?)", (str(request), msgspec.json.encode(used))
        return Accepted(code.subject.hex(), (self._use(code, lane, request, now, told),))

    def _use(self, code: PassCode, lane: str, request: UUID, now: datetime, *told: Statement) -> Change:
        """Note that a code is used. Raises PassCodeRefusedError for a second use."""
        self._seen.use(code, lane, str(request), now)
        body = msgspec.msgpack.encode((lane, str(request), now, code))
        seen = "INSERT OR REPLACE INTO seen VALUES (?, ?, ?)", (code.code_id, body, code.expires_at.timestamp())
        return Change((seen, *told), partial(self._seen.take_back, code))

    def receipt(self, text: str, lot: UUID, now: datetime) -> tuple[str, ReceiptKept]:
        """Verify a receipt, and return for whom it is. Raises PassCodeRefusedError."""
        if self._cloud.time is None or not self._cloud.time.is_known(now):
            raise PassCodeRefusedError(Refusal.ONLINE_ONLY, "The box's clock is not known well enough")
        found = signed_receipts.verify(text, self.keys, lot, now)
        if found.receipt_id in self._spent:
            raise PassCodeRefusedError(Refusal.REPLAY, "The receipt has let its vehicle out before")
        return found.plate_hash.hex(), ReceiptKept(found.receipt_id, found.paid_until + SKEW)

    def hold(self, who: str, kept: ReceiptKept) -> Change:
        """Remember a receipt until its vehicle leaves."""
        self.receipts[who] = kept

        def undo() -> None:
            self.receipts.pop(who, None)

        values = (kept.receipt_id, who, kept.until.timestamp())
        into = "INSERT OR IGNORE INTO receipt (receipt_id, who, until) VALUES (?, ?, ?)"
        return Change([(into, values)], undo)

    def spend(self, who: str) -> Change:
        """Use a receipt up: its vehicle leaves."""
        kept = self.receipts.pop(who)
        self._spent[kept.receipt_id] = kept

        def undo() -> None:
            self._spent.pop(kept.receipt_id, None)
            self.receipts[who] = kept

        return Change([("UPDATE receipt SET spent = 1 WHERE receipt_id = ?", (kept.receipt_id,))], undo)

    async def _ask(self, text: str, request: UUID, refused: PassCodeRefusedError) -> str:
        """Return whose code it is, as the platform says."""
        body = msgspec.json.encode({"code": text, "request_id": str(request)})
        try:
            reply = await self._cloud.post("/codes/check", body, seconds=_ASK_SECONDS)
            found = msgspec.json.decode(reply.body, type=_Checked)
        except (CloudAwayError, msgspec.DecodeError):
            raise refused from None
        if found.result != "ok":
            raise _said(found)
        if found.purpose != PURPOSE:  # the device may read other codes elsewhere
            raise PassCodeRefusedError(Refusal.WRONG_PURPOSE, f"It is for {found.purpose}, not for {PURPOSE}")
        return found.subject


def _said(found: _Checked) -> PassCodeRefusedError:
    try:
        reason = Refusal(found.result)
    except ValueError:
        reason = Refusal.UNKNOWN
    return PassCodeRefusedError(reason, found.message or "The platform refuses the code")


def _closed(keys: KeySet) -> bytes:
    listed = [(each.kid, each.purpose, each.key.public_bytes_raw(), each.until) for each in keys]
    return msgspec.msgpack.encode(_Kept(keys.version, keys.issued_at, listed))


def _opened(body: bytes) -> KeySet:
    kept = msgspec.msgpack.decode(body, type=_Kept)
    keys = [
        PublicKey(kid, purpose, Ed25519PublicKey.from_public_bytes(raw), until)
        for kid, purpose, raw, until in kept.keys
    ]
    return KeySet(kept.version, keys, kept.issued_at)
