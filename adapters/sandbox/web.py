"""The web on a simulated phone: a browser that opens any link, and the SMS gateway whose messages arrive there."""

import asyncio
import hashlib
import html
import re
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Never

from litestar import MediaType, Response, get, post
from litestar.handlers import HTTPRouteHandler

from adapters.channel import Provider
from adapters.errors import NotOfferedError
from adapters.sandbox.host import Bill, Deed, InboxMessage
from adapters.sandbox.links import opened_link
from adapters.sandbox.signed import ANSWER_FAULTS, Answer, AnyRequest, RefusedError, SignedDoors, decoded
from adapters.sandbox.world import Fault, World
from adapters.signed_json import SigningKey
from adapters.web.wire import SmsAccepted, SmsRequest

SMS = "web.sms"  # where faults are planned

_PHONE = re.compile(r"\+[1-9]\d{6,14}")  # E.164
_MOST_CHARACTERS = 35  # of one value; gateways differ
_MOST_A_MINUTE = 10  # to one number; gateways differ
_MOST_MESSAGES = 200


class SimulatedWeb:
    """Implements SimulatedHost. ``templates`` maps each to its keywords; None takes any template with any values."""

    provider: Provider = "web"
    lacks: Collection[Deed] = ("login", "phone-proof", "payments", "agreements")

    def __init__(
        self,
        world: World,
        key: SigningKey,
        *,
        apps: Mapping[str, str],
        templates: Mapping[str, frozenset[str]] | None = None,
        late_seconds: float = 10.0,
        slow_seconds: float = 6.0,
    ) -> None:
        self._world = world
        self._apps = dict(apps)
        self._templates = templates
        self._late_seconds = late_seconds
        self._doors = SignedDoors(world, key, self.provider, slow_seconds=slow_seconds)
        self._inboxes = {resident: deque[InboxMessage](maxlen=_MOST_MESSAGES) for resident in world.residents}
        self._held: dict[str, list[InboxMessage]] = {}  # by resident, until a later one has overtaken them
        self._accepted: dict[str, tuple[str, str]] = {}  # by the sender's id: digest, our number
        self._sent: dict[str, deque[datetime]] = {}  # by phone number
        world.offer_faults(SMS, "late", "twice", "never", "out_of_order", *ANSWER_FAULTS)

    def routes(self) -> Sequence[HTTPRouteHandler]:
        """Return the SMS gateway."""

        @post("/web/sms/messages", summary="Send an SMS (signed)", tags=["web"])
        async def send_sms(request: AnyRequest) -> Response[bytes]:
            """Take a message; docs/sandbox.md describes the signature, adapters/web/sms.py the body."""
            return await self._doors.answer(request, SMS, self._take)

        @get("/web/signed-in", sync_to_thread=False, include_in_schema=False)
        def signed_in(request: AnyRequest) -> Response[str]:
            """Show what the city's web app would go on with, where the OpenID provider leads its residents back to."""
            given = {name: request.query_params.get(name, "") for name in ("code", "state", "iss", "error")}
            shown = "".join(f"<dt>{name}<dd>{html.escape(value)}" for name, value in given.items() if value)
            return _page(
                "网页应用用 code_verifier 在 /oauth/token 兑换：",
                "The web app redeems this at /oauth/token, with its code_verifier:",
                f"<dl>{shown}</dl>",
            )

        @get("/web", sync_to_thread=False, include_in_schema=False)
        def home() -> Response[str]:
            """Stand where the city's web app would be."""
            return _page("模拟页面：这里是城市自己的网页应用。", "Simulated: here would be the city's own web app.")

        return [send_sms, signed_in, home]

    def apps(self) -> Mapping[str, str]:
        return self._apps

    def login(self, app_id: str, resident: str) -> str:  # noqa: ARG002 - the interface's
        self._lacks("sign-in of its own", "Sign in at the OpenID provider.")

    def phone_proof(self, app_id: str, resident: str) -> Mapping[str, str]:  # noqa: ARG002 - as above
        self._lacks("phone number button", "Have a code sent by SMS and read it in the inbox.")

    def allow_message(self, app_id: str, resident: str, template: str) -> Mapping[str, str]:  # noqa: ARG002 - as above
        """Return nothing: an SMS needs no tap."""
        return {}

    def bill(self, app_id: str, resident: str, parameters: Mapping[str, str]) -> Bill:  # noqa: ARG002 - as above
        self._no_cashier()

    async def pay(
        self,
        app_id: str,  # noqa: ARG002 - as above
        resident: str,  # noqa: ARG002 - as above
        parameters: Mapping[str, str],  # noqa: ARG002 - as above
        *,
        confirmed: bool = True,  # noqa: ARG002 - as above
    ) -> str:
        self._no_cashier()

    def inbox(self, resident: str) -> Sequence[InboxMessage]:
        return tuple(self._inboxes[resident])

    def scanned(self, text: str) -> Mapping[str, str] | None:
        """Open any web link, as a camera does."""
        return opened_link(text)

    def _take(self, body: bytes, fault: Fault | None) -> Answer:
        sms = decoded(body, SmsRequest)
        digest = hashlib.sha256(body).hexdigest()
        if sms.id in self._accepted:
            known, number = self._accepted[sms.id]
            if known != digest:
                raise RefusedError(422, "id", "The id names another message already", "id")
            return Answer(202, SmsAccepted(number))
        self._check(sms)
        number = f"sms-{self._world.token(12)}"
        self._accepted[sms.id] = digest, number
        self._deliver(sms, fault)
        return Answer(202, SmsAccepted(number))

    def _check(self, sms: SmsRequest) -> None:
        if not sms.id:
            raise RefusedError(422, "id", "A message needs an id", "id")
        if not _PHONE.fullmatch(sms.to):
            raise RefusedError(422, "receiver", "The receiver is no phone number such as +8613800138000", "to")
        if self._templates is not None:
            self._check_template(sms, self._templates)
        for name, value in sms.values.items():
            if not 1 <= len(value) <= _MOST_CHARACTERS:
                raise RefusedError(422, "value", f"{name} has not 1 to {_MOST_CHARACTERS} characters", name)
        self._count(sms.to)

    def _check_template(self, sms: SmsRequest, templates: Mapping[str, frozenset[str]]) -> None:
        if sms.template not in templates:
            raise RefusedError(422, "template", f"The templates here are {', '.join(sorted(templates))}", "template")
        for name in sorted(templates[sms.template] ^ sms.values.keys()):
            raise RefusedError(422, "value", f"{name} is {'unknown' if name in sms.values else 'missing'}", name)

    def _count(self, number: str) -> None:
        now = self._world.clock.now()
        sent = self._sent.setdefault(number, deque(maxlen=_MOST_A_MINUTE))
        if len(sent) == _MOST_A_MINUTE and now - sent[0] < timedelta(minutes=1):
            raise RefusedError(429, "quota", f"{_MOST_A_MINUTE} messages a minute to one number are the most")
        sent.append(now)

    def _deliver(self, sms: SmsRequest, fault: Fault | None) -> None:
        resident = next((each.key for each in self._world.residents.values() if each.phone == sms.to), None)
        if resident is None:
            self._world.note(self.provider, SMS, f"nobody here has the number {sms.to}")
            return
        message = InboxMessage(sms.template, tuple(sms.values.items()), sms.link)
        if fault == "never":
            self._world.note(self.provider, SMS, f"the message to {resident} is lost")
        elif fault == "late":
            self._world.spawn(self._arrive_late(resident, message))
        elif fault == "out_of_order":
            self._held.setdefault(resident, []).append(message)
        else:
            for _ in range(2 if fault == "twice" else 1):
                self._arrive(resident, message)

    async def _arrive_late(self, resident: str, message: InboxMessage) -> None:
        await asyncio.sleep(self._late_seconds)
        self._arrive(resident, message)

    def _arrive(self, resident: str, message: InboxMessage) -> None:
        for each in [message, *self._held.pop(resident, [])]:
            self._inboxes[resident].append(each)
            self._world.note(self.provider, SMS, f"{each.title} arrived at {resident}")

    def agree(self, app_id: str, resident: str, parameters: Mapping[str, Any]) -> str:  # noqa: ARG002 - SimulatedHost's
        self._lacks("page for agreements", "Agree in a host app that takes parking fees by itself.")

    def _no_cashier(self) -> Never:
        self._lacks("cashier", "Pay in a host app that has one.")

    def _lacks(self, what: str, fix: str) -> Never:
        raise NotOfferedError(f"The web has no {what}", fix=fix)


def _page(chinese: str, english: str, more: str = "") -> Response[str]:
    return Response(
        '<!doctype html><html lang="zh"><meta charset="utf-8"><title>一网 · Yiwang</title>'
        f'<link rel="stylesheet" href="/static/sandbox.css"><main><div class="card"><p>{chinese}</p>'
        f'<p lang="en">{english}</p>{more}</div></main>',
        media_type=MediaType.HTML,
    )
