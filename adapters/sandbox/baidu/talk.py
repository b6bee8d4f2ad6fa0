"""Messages and mini-codes of the simulated Baidu."""

import io
from base64 import b64encode
from collections import deque
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

import msgspec
import segno

from adapters.sandbox.baidu.accounts import Accounts
from adapters.sandbox.baidu.refusal import RefusalError, application
from adapters.sandbox.baidu.serving import HOST, Call
from adapters.sandbox.host import InboxMessage
from adapters.sandbox.world import World

_MOST_MESSAGES = 200
_CODE = "https://mbd.baidu.com/ma/s/"  # how real ones continue is not published


class Talk:
    """``templates`` maps each to its keywords; None takes any template with any values."""

    def __init__(self, world: World, accounts: Accounts, templates: Mapping[str, frozenset[str]] | None = None) -> None:
        self._world = world
        self._accounts = accounts
        self._templates = templates
        self._subscribed: set[tuple[str, str, str, str]] = set()  # app key, resident, template, subscribe id
        self._forms: set[tuple[str, str, str]] = set()  # app key, resident, form id
        self._inboxes = {resident: deque[InboxMessage](maxlen=_MOST_MESSAGES) for resident in world.residents}
        self.codes: dict[str, tuple[str, str]] = {}  # a code's text: app key, path

    def subscribe(self, app_key: str, resident: str, template: str) -> dict[str, str]:
        """Tap on a subscription; return its id, good for one message."""
        number = f"sub{self._world.token(12)}"
        self._subscribed.add((app_key, resident, template, number))
        return {"subscribe_id": number}

    def send_form(self, app_key: str, resident: str, *, guest: bool = False) -> dict[str, str]:
        """Send a form with report-submit; its id, good for one message, ends with who sent it."""
        number = f"{self._world.token(12)}{0 if guest else 1}"
        self._forms.add((app_key, resident, number))
        return {"formId": number}

    def inbox(self, resident: str) -> Sequence[InboxMessage]:
        return tuple(self._inboxes[resident])

    def template_send(self, call: Call) -> object:
        """``template/send``, for forms; the cashier's orders are not known here."""
        resident = self._receiver(call)
        message = self._message(call)
        key = (call.app_key, resident, call.get("scene_id"))
        if call.get("scene_type") != "1" or not call.get("scene_id").endswith("1"):
            raise _refused(4004, "scene_id invalid")
        if key not in self._forms:
            raise _refused(4003, "form_id invalid")
        self._forms.remove(key)
        return self._delivered(resident, message)

    def subscribe_send(self, call: Call) -> object:
        """``template/message/subscribe/send``."""
        resident = self._receiver(call)
        message = self._message(call)
        key = (call.app_key, resident, call.get("template_id"), call.get("subscribe_id"))
        if key not in self._subscribed:
            raise _refused(4007, "user has not subscribed")
        self._subscribed.remove(key)
        return self._delivered(resident, message)

    def code(self, call: Call) -> object:
        """``getunlimitedv2``."""
        path, width = call.get("path"), call.get("width") or "430"
        if not (width.isdigit() and 280 <= int(width) <= 1280) or len(path.encode()) > 4000:
            raise application(400, "invalid input")
        text = f"{_CODE}{self._world.token(16)}"
        self.codes[text] = call.app_key, path
        if call.get("img_flag") == "0":
            return {"base64_str": "", "url": text}
        image = io.BytesIO()
        made = segno.make(text, micro=False)
        made.save(image, kind="png", scale=max(int(width) // made.symbol_size()[0], 1))
        return {"base64_str": b64encode(image.getvalue()).decode(), "url": ""}

    def scanned(self, text: str) -> Mapping[str, str] | None:
        """Return the launch options of a code's text; the query's values are decoded once."""
        if text not in self.codes:
            return None
        app_key, path = self.codes[text]
        page, _, query = path.partition("?")
        return {**dict(parse_qsl(query)), "appKey": app_key, "path": page}

    def _receiver(self, call: Call) -> str:
        resident = self._accounts.resident(call.app_key, call.get("touser_openId"))
        if resident is None:
            raise _refused(4010, "touser_openId invalid")
        return resident

    def _message(self, call: Call) -> InboxMessage:
        template = call.get("template_id")
        if self._templates is not None and template not in self._templates:
            raise _refused(4001, "template_id invalid")
        try:
            data = msgspec.json.decode(call.get("data"), type=dict[str, dict[str, str]])
        except msgspec.DecodeError as error:
            raise _refused(2002, "data invalid") from error
        lines = tuple((name, each.get("value", "")) for name, each in data.items())
        expected = self._templates[template] if self._templates else frozenset(data)
        if not lines or {name for name, _ in lines} != expected or not all(value for _, value in lines):
            raise _refused(2002, "data invalid")
        return InboxMessage(template, lines, call.get("page"))

    def _delivered(self, resident: str, message: InboxMessage) -> object:
        self._inboxes[resident].append(message)
        self._world.note(HOST, "message", f"{message.title} arrived at {resident}")
        return {"msg_key": len(self._inboxes[resident])}


def _refused(code: int, text: str) -> RefusalError:
    return application(code, text, "msg")
