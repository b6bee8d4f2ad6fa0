"""Messages and events that WeChat pushes to our callback URL.

Only the secure mode proves what a body says, so a plain message is refused even if its ``signature`` is right. WeChat
sends a message three times if it is not answered within 5 seconds: take it in, answer, work later, and drop those
whose ``message_id`` has been seen.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from adapters.channel import Callback
from adapters.errors import HostConfigurationError, SignatureRefusedError
from adapters.push import PushCipher, is_pushed
from adapters.wechat.app import WeChatApp
from adapters.wechat.wire import Sealed

_TAKEN = b"success"
_PROBE = {"action": "CheckContainerPath"}  # of WeChat's cloud hosting, unsigned


class Pushes:
    """Reads what is pushed for one mini-program."""

    def __init__(self, app: WeChatApp) -> None:
        self._token = app.push_token
        self._cipher = PushCipher(app.push_token, app.push_key, app.app_id) if app.push_token else None

    def read(self, query: Mapping[str, str], body: bytes) -> Callback:
        """Verify and open a request. Raises SignatureRefusedError, HostConfigurationError if there is no token."""
        if self._cipher is None:
            raise HostConfigurationError(
                "WeChat's message push is not configured", fix="Set its token and EncodingAESKey, or stop it there."
            )
        if "echostr" in query and not body:
            return self._address_check(query)
        if _is_probe(body):
            return Callback({}, "", _TAKEN)
        if query.get("encrypt_type") != "aes" or "msg_signature" not in query:
            raise SignatureRefusedError(
                "The message is not in the secure mode, so nothing proves what it says",
                fix="Choose JSON and the secure mode (安全模式) in the console's message push settings.",
            )
        message = self._cipher.open(
            _sealed(body), query["msg_signature"], query.get("timestamp", ""), query.get("nonce", "")
        )
        return _callback(message)

    def _address_check(self, query: Mapping[str, str]) -> Callback:
        parts = (self._token, query.get("timestamp", ""), query.get("nonce", ""))
        if not is_pushed(query.get("signature", ""), *parts):
            raise SignatureRefusedError(
                "The check of the callback's address is not signed with the app's token",
                fix="Compare the token of the console's message push settings with ours.",
            )
        return Callback({}, "", query["echostr"].encode())


def _is_probe(body: bytes) -> bool:
    try:
        return bool(msgspec.json.decode(body) == _PROBE)
    except msgspec.DecodeError:
        return False


def _sealed(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=Sealed).encrypt
    except msgspec.DecodeError as error:
        raise SignatureRefusedError(
            "The pushed body is no JSON with Encrypt", fix="Choose JSON in the console's message push settings."
        ) from error


def _callback(message: bytes) -> Callback:
    try:
        said = msgspec.json.decode(message, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise SignatureRefusedError("The opened message is no JSON", fix="Choose JSON in the console.") from error
    event = {
        name: value if isinstance(value, str) else msgspec.json.encode(value).decode() for name, value in said.items()
    }
    named = ("FromUserName", "CreateTime", "Event")
    return Callback(event, event.get("MsgId") or " ".join(event.get(name, "") for name in named).strip(), _TAKEN)
