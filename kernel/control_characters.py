"""Characters that no text of one line holds: what is shown or stored is refused with them (PostgreSQL takes no NUL)."""

import re

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def has_control(value: object) -> bool:
    """Whether a text has any, or any text within a decoded JSON value, its names too."""
    if isinstance(value, str):
        return CONTROL.search(value) is not None
    if isinstance(value, dict):
        return any(has_control(name) or has_control(each) for name, each in value.items())
    return isinstance(value, list) and any(map(has_control, value))
