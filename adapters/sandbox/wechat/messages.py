"""Subscription messages: a tap allows one, and WeChat is strict about what is in it."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from adapters.sandbox.host import InboxMessage
from adapters.sandbox.wechat.apps import Refusal, SimulatedApp, Template
from adapters.sandbox.wechat.people import People
from adapters.sandbox.wechat.quotas import Quotas

_EMOJI = 0x1F000
_DAY, _CLOCK = "%Y年%m月%d日", "%H:%M"


def _only(rule: str, most: int) -> Callable[[str], bool]:
    return lambda value: len(value) <= most and re.fullmatch(rule, value) is not None


def _when(*forms: str) -> Callable[[str], bool]:
    def fits(value: str) -> bool:
        for form in forms:
            try:
                datetime.strptime(value, form)  # noqa: DTZ007 - only whether it can be read
            except ValueError:
                continue
            return True
        return False

    return fits


_FITS: Mapping[str, Callable[[str], bool]] = {
    "thing": lambda value: len(value) <= 20,
    "number": lambda value: (
        sum(map(str.isdigit, value)) <= 32 and re.fullmatch(r"[0-9]+(\.[0-9]+)?", value) is not None
    ),
    "letter": _only("[A-Za-z]+", 32),
    "symbol": lambda value: len(value) <= 5 and not any(map(str.isalnum, value)),
    "character_string": _only("[!-~]+", 32),
    "time": _when(_CLOCK, f"{_DAY} {_CLOCK}", f"{_CLOCK}:%S", f"{_DAY} {_CLOCK}:%S"),
    "date": _when(_DAY, f"{_DAY} {_CLOCK}", f"{_DAY} {_CLOCK}:%S"),
    "amount": _only(r"[¥￥$€£]?[0-9]{1,10}(\.[0-9]{1,2})?元?", 15),
    "phone_number": _only("[0-9+() -]+", 17),
    "car_number": _only("[^\x00-\x7f]?[A-Za-z0-9]+[^\x00-\x7f]?", 8),
    "name": lambda value: len(value) <= (20 if value.isascii() else 10) and not any(map(str.isdigit, value)),
    "phrase": _only("[^\x00-\x7f]+", 5),
}


class Messages:
    """The taps and inboxes of all residents."""

    def __init__(self, people: People, quotas: Quotas) -> None:
        self._people = people
        self._quotas = quotas
        self._credits: Counter[tuple[str, str, str]] = Counter()
        self._inboxes: dict[str, list[InboxMessage]] = defaultdict(list)
        self.switched_off: set[str] = set()  # residents who want no messages at all

    def allow(self, app: SimulatedApp, resident: str, template: str) -> Mapping[str, str]:
        """Do what ``wx.requestSubscribeMessage`` does."""
        if template not in app.templates:
            return {"errMsg": "requestSubscribeMessage:fail No template data return", "errCode": "20001"}
        if resident in self.switched_off:
            return {"errMsg": "requestSubscribeMessage:fail main switch is off", "errCode": "20004"}
        self._credits[app.app_id, resident, template] += 1
        return {"errMsg": "requestSubscribeMessage:ok", template: "accept"}

    def send(self, app: SimulatedApp, content: Mapping[str, Any]) -> dict[str, Any]:
        """Answer message/subscribe/send."""
        self._quotas.take("message", app.app_id)
        resident = self._people.resident(app.app_id, content.get("touser"))
        template = app.templates.get(str(content.get("template_id")))
        if template is None:
            raise Refusal(40037, "invalid template_id")
        page = str(content.get("page") or "")
        if page and page.partition("?")[0] not in app.pages:
            raise Refusal(41030, "invalid page")
        lines = _lines(template, content.get("data"))
        allowed = (app.app_id, resident, str(content["template_id"]))
        if resident in self.switched_off or not self._credits[allowed]:
            raise Refusal(43101, "user refuse to accept the msg")
        self._credits[allowed] -= 1
        self._inboxes[resident].append(InboxMessage(template.title, lines, page))
        return {"errcode": 0, "errmsg": "ok"}

    def inbox(self, resident: str) -> list[InboxMessage]:
        return list(self._inboxes[resident])


def _lines(template: Template, data: object) -> tuple[tuple[str, str], ...]:
    given = data if isinstance(data, dict) else {}
    wrong = next((each for each in given if each not in template.keywords), None)
    if wrong is not None:
        raise _unfit(wrong)
    return tuple((label, _value(keyword, given.get(keyword))) for keyword, label in template.keywords.items())


def _value(keyword: str, member: object) -> str:
    value = member.get("value") if isinstance(member, dict) else None
    if not isinstance(value, str) or not value.strip() or any(ord(each) < 32 or ord(each) >= _EMOJI for each in value):
        raise _unfit(keyword)
    fits = _FITS.get(keyword.rstrip("0123456789"))
    if fits is not None and not fits(value):
        raise _unfit(keyword)
    return value


def _unfit(keyword: str) -> Refusal:
    return Refusal(47003, f"argument invalid! data.{keyword}.value invalid")
