"""Template messages of the simulated Alipay: one for each tap of permission, into the resident's inbox."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from adapters.sandbox.alipay import subcodes
from adapters.sandbox.alipay.console import Console, Template
from adapters.sandbox.alipay.people import People
from adapters.sandbox.alipay.protocol import Call, Refusal
from adapters.sandbox.host import InboxMessage

_LONGEST_VALUE = 100  # the real limit is unverified


class Messages:
    """Permissions and inboxes."""

    def __init__(self, console: Console, people: People) -> None:
        self._console = console
        self._people = people
        self._allowed: Counter[tuple[str, str, str]] = Counter()
        self._inboxes: dict[str, list[InboxMessage]] = {}

    def allow(self, app_id: str, resident: str, template: str) -> Mapping[str, str]:
        """Do what a tap in ``my.requestSubscribeMessage`` does."""
        if template not in self._console.apps[app_id].templates:
            raise KeyError(template)
        self._allowed[app_id, resident, template] += 1
        return {"behavior": "subscribe", "subscribedEntityIds": template}

    def inbox(self, resident: str) -> Sequence[InboxMessage]:
        return tuple(self._inboxes.get(resident, ()))

    def send(self, call: Call) -> Mapping[str, object]:
        """Answer ``alipay.open.app.mini.templatemessage.send``."""
        named = [name for name in ("to_user_id", "to_open_id") if call.content.get(name)]
        resident = self._people.find(call.app.app_id, call.text(named[0])) if len(named) == 1 else None
        if resident is None:
            raise Refusal("40004", subcodes.RECEIVER_UNKNOWN)
        template = call.app.templates.get(call.text("user_template_id"))
        if template is None:
            raise Refusal("40004", subcodes.TEMPLATE_UNKNOWN)
        page = str(call.content.get("page", ""))
        if call.app.pages and page.partition("?")[0] not in call.app.pages:
            raise Refusal("40004", subcodes.MESSAGE_PAGE)
        lines = _lines(template, call.text("data"))
        allowed = (call.app.app_id, resident, call.text("user_template_id"))
        if not self._allowed[allowed]:
            raise Refusal("40004", subcodes.NO_CREDIT)
        self._allowed[allowed] -= 1
        self._inboxes.setdefault(resident, []).append(InboxMessage(template.title, lines, page))
        return {}


def _lines(template: Template, data: str) -> tuple[tuple[str, str], ...]:
    """Read ``{"keyword1":{"value":"…"}}``, a string inside the content."""
    try:
        given = msgspec.json.decode(data, type=dict[str, dict[str, Any]])
    except msgspec.DecodeError as error:
        raise Refusal("40004", subcodes.MESSAGE_VALUE) from error
    values = {keyword: each.get("value") for keyword, each in given.items()}
    if values.keys() != template.keywords.keys() or not all(_is_value(each) for each in values.values()):
        raise Refusal("40004", subcodes.MESSAGE_VALUE)
    return tuple((label, str(values[keyword])) for keyword, label in template.keywords.items())


def _is_value(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(rf"[^\n]{{1,{_LONGEST_VALUE}}}", value) is not None
