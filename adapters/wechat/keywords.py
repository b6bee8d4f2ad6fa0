"""What a subscription message's keywords may hold, checked before WeChat refuses the whole message with 47003. Pure.

The limits are those of WeChat's page on subscribeMessage.send. Of types that it does not list only the common rules
are checked.
"""

import re
import unicodedata
from collections.abc import Mapping

from adapters.errors import MessageRefusedError

_HAN = "\u3400-\u9fff\U00020000-\U0003ffff"
_CLOCK = r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?"
_DAY = r"\d{4}年(0?[1-9]|1[0-2])月(0?[1-9]|[12]\d|3[01])日"

_RULES = {
    "thing": (r".{1,20}", "1 to 20 characters"),
    "number": (r"(?=(\D*\d){1,32}\D*$)\d+(\.\d+)?", "a number of up to 32 digits"),
    "letter": (r"[A-Za-z]{1,32}", "up to 32 letters"),
    "symbol": (r"[^\w\s]{1,5}", "up to 5 symbols"),
    "character_string": (r"[\x21-\x7e]{1,32}", "up to 32 digits, letters and symbols, no Chinese"),
    "time": (rf"({_DAY} )?{_CLOCK}", "15:01, or 2019年10月1日 15:01"),
    "date": (rf"{_DAY}( {_CLOCK})?", "2019年10月1日, or 2019年10月1日 15:01"),
    "amount": (r"[¥￥$€£]?\d{1,10}(\.\d{1,2})?元?", "a currency sign, up to 10 digits, 元"),
    "phone_number": (r"[\d+() -]{1,17}", "up to 17 digits and signs"),
    "car_number": (rf"(?=.{{1,8}}$)[{_HAN}]?[A-Za-z0-9]+[{_HAN}]?", "a plate of up to 8 characters"),
    "name": (rf"[{_HAN}·]{{1,10}}|[^\d{_HAN}]{{1,20}}", "up to 10 Chinese characters, or 20 letters and signs"),
    "phrase": (rf"[{_HAN}]{{1,5}}", "up to 5 Chinese characters"),
}
_KEYWORD = re.compile(r"([a-z_]+)\d+")
_COMPILED = {kind: re.compile(rule, re.ASCII if kind != "symbol" else 0) for kind, (rule, _) in _RULES.items()}
_FORBIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # control and format characters, line breaks
_EMOJI = re.compile("[\U0001f000-\U0001ffff\ufe0f]")


def check(values: Mapping[str, str]) -> None:
    """Raise MessageRefusedError for the first value that WeChat would refuse; it names the keyword, not the value."""
    if not values:
        raise _refused("", "needs the values of its template's keywords")
    for keyword, value in values.items():
        named = _KEYWORD.fullmatch(keyword)
        if named is None:
            raise _refused(keyword, "is no keyword: it is written like thing1, without .DATA")
        if not value.strip():
            raise _refused(keyword, "must not be empty")
        if _EMOJI.search(value) or any(unicodedata.category(each) in _FORBIDDEN for each in value):
            raise _refused(keyword, "must not hold line breaks, control characters or emoji")
        rule = _COMPILED.get(named[1])
        if rule is not None and not rule.fullmatch(value):
            raise _refused(keyword, f"must be {_RULES[named[1]][1]}")


def _refused(keyword: str, what: str) -> MessageRefusedError:
    return MessageRefusedError(f"The message's {keyword or 'data'} {what}", reason="value", field=keyword)
