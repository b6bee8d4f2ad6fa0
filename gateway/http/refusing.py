"""How everything that the gateway refuses is said in JSON, at whichever door: ``{"error": {code, message, fix, …}}``.

Where a standard says it otherwise its own form is answered: OAuth's errors, GraphQL's, FHIR's OperationOutcome.
"""

import re
from typing import Any

import msgspec

from kernel.errors import YiwangError

_LISTS = ("findings", "changes", "broken")  # what errors know of a document beyond their message

_KINDS = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "uuid": "an id",
    "datetime": "a time such as 2027-01-04T09:00:00+08:00",
    "date": "a day such as 2027-01-04",
}
_TIME, _DAY = _KINDS["datetime"], _KINDS["date"]
_SAID = tuple(
    (re.compile(pattern), said)
    for pattern, said in (
        (r"Object missing required field `([^`]+)`", "{0} is missing"),
        (r"Object contains unknown field `([^`]+)`", "{0} is not known here"),
        (r"Expected `str` of length >= 1", "it is empty"),
        (r"Expected `str` of length >= (\d+)", "it is shorter than {0} characters"),
        (r"Expected `str` of length <= (\d+)", "it is longer than {0} characters"),
        (r"Expected `(?:array|object)` of length >= (\d+)", "it has fewer than {0} parts"),
        (r"Expected `(?:array|object)` of length <= (\d+)", "it has more than {0} parts"),
        (r"Expected `(?:int|float)` >= (\S+)", "it is less than {0}"),
        (r"Expected `(?:int|float)` <= (\S+)", "it is more than {0}"),
        (r"Expected `datetime` with a timezone component", f"it has no zone: write {_TIME}"),
        (r"Expected `str` matching regex .*", "it has characters, or a form, that it may not have"),
        (r"Invalid UUID", "it is no id"),
        (r"Invalid RFC3339 encoded datetime", f"it is not {_TIME}"),
        (r"Invalid RFC3339 encoded date", f"it is not {_DAY}"),
        (r"Invalid (?:enum )?value.*", "it is none of the values that are possible"),
    )
)
_EXPECTED = re.compile(r"Expected `(.+?)`, got `(.+?)`")
_PLACE = re.compile(r" - at (?:`key` in )?`\$\.?(.*)`$")


def error_body(error: YiwangError) -> dict[str, Any]:
    """Return the answer to what is refused: for people a text, for programs ``details``, by the code."""
    details = {name: value for name, value in error.extensions.items() if name != "code"}
    details |= {name: getattr(error, name) for name in _LISTS if hasattr(error, name)}
    said = {"code": error.code, "message": error.message, "fix": error.fix, "retryable": error.retryable}
    return {"error": said | {"details": details}}


def in_words(error: Exception) -> str:
    """Return why a body or a query cannot be read, for people: where it is wrong, and what is."""
    if not isinstance(error, msgspec.ValidationError):
        return "it is nested too deeply" if isinstance(error, RecursionError) else "it is no JSON"
    text = str(error)
    place = found[1] if (found := _PLACE.search(text)) else ""
    said = _what(_PLACE.sub("", text))
    return f"{place}: {said}" if place else said


def _what(text: str) -> str:
    if found := _EXPECTED.match(text):
        return f"it is to be {_kinds(found[1])}, and is {_kinds(found[2])}"
    for pattern, said in _SAID:
        if found := pattern.fullmatch(text):
            return said.format(*found.groups())
    return "it is not what is expected here"


def _kinds(names: str) -> str:
    return " or ".join(_KINDS.get(each, each) for each in names.split(" | "))
