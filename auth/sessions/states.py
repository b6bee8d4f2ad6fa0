"""How a refresh token stands, and where being shown leads it; what is not in the table is refused and changes nothing.

``auth.sessions.refresh`` finds state and event, and does what arriving in a state demands.
"""

from collections.abc import Mapping
from typing import Literal

RefreshState = Literal["live", "used", "expired", "revoked"]
RefreshEvent = Literal[
    "use",
    "renew",  # by a client whose token does not rotate
    "repeat",  # of a use, soon enough for a client that has lost the answer
]

REFRESH: Mapping[tuple[RefreshState, RefreshEvent], RefreshState] = {
    ("live", "use"): "used",
    ("live", "renew"): "live",
    ("used", "repeat"): "used",
    ("used", "use"): "revoked",  # two parties hold it: its family with it
    ("used", "renew"): "revoked",
}
