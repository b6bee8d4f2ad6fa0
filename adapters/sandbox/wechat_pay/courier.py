"""The simulated WeChat Pay's callbacks: encrypted, signed anew for each sending, sent again until they are accepted.

Of the world's faults, ``wechat_pay.callback`` takes ``late``, ``twice`` (at the same moment), ``never``,
``out_of_order`` (after the next one) and ``bad_signature`` (the first sending is a probe); others change nothing.
"""

import asyncio
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from adapters.errors import HostUnavailableError, OutcomeUnknownError
from adapters.http import HostHttp, HostReply
from adapters.sandbox.wechat_pay.behaviour import RETRY_SECONDS, Behaviour, happens
from adapters.sandbox.wechat_pay.keys import PlatformKeys
from adapters.sandbox.wechat_pay.serving import HOST
from adapters.sandbox.world import World
from adapters.wechat_pay.signing import seal_resource

_PLACE = f"{HOST}.callback"
_NONCE_CHARACTERS = 12


class Parcel(Struct, frozen=True):
    """A callback: where to, and the same bytes for every sending."""

    address: str
    event: str
    body: bytes


class Courier:
    """Sends callbacks. ``http`` has the deadline of five seconds; redirects are not followed."""

    def __init__(self, world: World, http: HostHttp, keys: PlatformKeys, behaviour: Behaviour) -> None:
        self._world = world
        self._http = http
        self._keys = keys
        self._behaviour = behaviour
        self._held: list[Parcel] = []
        world.offer_faults(_PLACE, "late", "twice", "never", "out_of_order", "bad_signature")

    def notify(self, address: str, event: str, original_type: str, resource: dict[str, Any]) -> None:
        """Begin to send a callback, whatever goes wrong with it."""
        parcel = Parcel(address, event, self._body(event, original_type, resource))
        fault = self._world.take_fault(_PLACE)
        if fault is not None:
            self._world.note(HOST, f"{event} is to go wrong", fault)
        if fault == "never":
            return
        if fault == "out_of_order":
            self._held.append(parcel)
            self._world.spawn(self._release_late(parcel))
            return
        held, self._held = self._held, []
        self._world.spawn(self._deliver_in_order([parcel, *held], fault))

    async def send_once(self, parcel: Parcel, *, probe: bool = False) -> bool:
        """Send; return whether it was accepted: by its status, and no body that says otherwise."""
        serial = self._keys.certificates[-1].serial
        if happens(self._behaviour.public_key_share, self._world.bytes):
            serial = self._keys.public_key_id
        probe = probe or happens(self._behaviour.callback_probe_share, self._world.bytes)
        headers = self._keys.sign(parcel.body, serial, probe=probe) | {"content-type": "application/json"}
        url = urlsplit(parcel.address)
        try:
            receiver = self._http.at(f"{url.scheme}://{url.netloc}", "The receiver of a callback")
            reply = await receiver.send("POST", url.path or "/", parcel.body, headers)
        except (HostUnavailableError, OutcomeUnknownError) as error:
            self._world.note(HOST, f"{parcel.event} to {parcel.address}", error.message)
            return False
        self._world.note(HOST, f"{parcel.event} to {parcel.address}", f"HTTP {reply.status}")
        return reply.status in self._behaviour.accepted_statuses and not _says_otherwise(reply)

    async def _deliver_in_order(self, parcels: list[Parcel], fault: str | None) -> None:
        first, *others = parcels
        if fault == "late":
            await asyncio.sleep(self._behaviour.late_seconds)
        if fault == "twice":
            await asyncio.gather(self._deliver(first), self._deliver(first))
        else:
            await self._deliver(first, probe=fault == "bad_signature")
        for each in others:
            await self._deliver(each)

    async def _release_late(self, parcel: Parcel) -> None:
        await asyncio.sleep(self._behaviour.late_seconds)
        if parcel in self._held:
            self._held.remove(parcel)
            await self._deliver(parcel)

    async def _deliver(self, parcel: Parcel, *, probe: bool = False) -> None:
        if await self.send_once(parcel, probe=probe):
            return
        for seconds in RETRY_SECONDS:
            await asyncio.sleep(seconds * self._behaviour.retry_scale)
            if await self.send_once(parcel):
                return
        self._world.note(HOST, f"{parcel.event} to {parcel.address}", "given up")

    def _body(self, event: str, original_type: str, resource: dict[str, Any]) -> bytes:
        sealed = seal_resource(
            msgspec.json.encode(resource), self._keys.api_v3_key, self._world.token(_NONCE_CHARACTERS), original_type
        )
        message = {
            "id": self._world.token(36),
            "create_time": self._world.clock.now().isoformat(timespec="seconds"),
            "event_type": event,
            "resource_type": "encrypt-resource",
            "summary": event,
            "resource": {**msgspec.structs.asdict(sealed), "original_type": original_type},
        }
        return msgspec.json.encode(message)


def _says_otherwise(reply: HostReply) -> bool:
    try:
        said = msgspec.json.decode(reply.body or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False  # no word of refusal: the status counts
    return isinstance(said, dict) and said.get("code", "SUCCESS") != "SUCCESS"
