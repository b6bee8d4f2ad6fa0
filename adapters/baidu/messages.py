"""Which call sends a message, by what the user has done to allow it. Pure.

``Message.credit`` is ``form:ID`` for a form that was sent, ``order:ID`` for an order of Baidu's cashier, ``direct:ID``
for a directly connected one, ``subscribe:ID`` or just the id for a subscription. Each allows one message.
"""

from collections.abc import Mapping

import msgspec

from adapters.channel import Message
from adapters.errors import MessageRefusedError

_SCENES = {"form": "1", "order": "2", "direct": "3"}  # scene_type
_TEMPLATE = "/rest/2.0/smartapp/template/send"
_SUBSCRIBE = "/rest/2.0/smartapp/template/message/subscribe/send"
_SIGNED_IN = "1"  # a form's id ends so if a signed-in user sent it, with 0 for a guest


def request(message: Message) -> tuple[str, Mapping[str, str]]:
    """Return the path and the form of a message. MessageRefusedError for one that Baidu would refuse for sure."""
    if not message.credit:
        raise MessageRefusedError("Baidu delivers no message without a form or subscription", reason="no_credit")
    for name, value in message.values.items():
        if not value:
            raise MessageRefusedError(f"The value of {name} is empty", reason="value", field=name)
    form = {
        "template_id": message.template,
        "touser_openId": message.to,
        "data": msgspec.json.encode({name: {"value": value} for name, value in message.values.items()}).decode(),
    }
    if message.page:
        form["page"] = message.page
    kind, colon, number = message.credit.partition(":")
    if colon and kind in _SCENES:
        if kind == "form" and not number.endswith(_SIGNED_IN):
            raise MessageRefusedError(
                "The form was sent by a guest, so it allows no message to a signed-in user", reason="no_credit"
            )
        return _TEMPLATE, form | {"scene_id": number, "scene_type": _SCENES[kind]}
    return _SUBSCRIBE, form | {"subscribe_id": number if colon and kind == "subscribe" else message.credit}
