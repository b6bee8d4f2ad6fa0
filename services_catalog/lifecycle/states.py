"""How a version of an entry stands, and what leads it where; what is not in the table is refused and changes nothing.

One version of an entry is public at a time: the one that is published, degraded or suspended. Editing it makes a new
draft beside it, which takes its place when it is published.
"""

from collections.abc import Mapping
from typing import Literal

from services_catalog.organisations.roles import Action

State = Literal[
    "draft",
    "submitted",  # frozen: nobody edits it any more
    "checked",  # the machine has found no error
    "in_review",
    "approved",
    "scheduled",
    "published",
    "degraded",  # what it opens does not work at the moment: other channels are shown
    "suspended",  # taken off for the time being
    "rejected",
    "superseded",  # by a later version
    "withdrawn",
]
Event = Literal[
    "submit",
    "pass",  # the rules
    "fail",
    "recall",  # by its own authors
    "take",  # by a reviewer
    "release",  # by the reviewer who took it, or an owner in their place
    "approve",
    "reject",
    "revise",
    "schedule",
    "publish",
    "degrade",
    "recover",
    "suspend",
    "resume",
    "supersede",
    "withdraw",
]

PUBLIC: frozenset[State] = frozenset({"published", "degraded"})
"""Residents see these."""
LIVE: frozenset[State] = PUBLIC | {"suspended"}
"""An entry has one version at most in these, and one at most in those below."""
OPEN: frozenset[State] = frozenset({"draft", "submitted", "checked", "in_review", "approved", "scheduled", "rejected"})

TRANSITIONS: Mapping[tuple[State, Event], State] = {
    ("draft", "submit"): "submitted",
    ("submitted", "pass"): "checked",
    ("submitted", "fail"): "draft",
    ("submitted", "recall"): "draft",
    ("checked", "recall"): "draft",
    ("checked", "take"): "in_review",
    ("in_review", "release"): "checked",
    ("in_review", "approve"): "approved",
    ("in_review", "reject"): "rejected",
    ("in_review", "recall"): "draft",
    ("rejected", "revise"): "draft",
    ("approved", "schedule"): "scheduled",
    ("approved", "publish"): "published",
    ("approved", "recall"): "draft",
    ("scheduled", "publish"): "published",
    ("scheduled", "recall"): "draft",
    ("published", "degrade"): "degraded",
    ("degraded", "recover"): "published",
    ("published", "suspend"): "suspended",
    ("degraded", "suspend"): "suspended",
    ("suspended", "resume"): "published",
    ("published", "supersede"): "superseded",
    ("degraded", "supersede"): "superseded",
    ("suspended", "supersede"): "superseded",
    ("published", "withdraw"): "withdrawn",
    ("degraded", "withdraw"): "withdrawn",
    ("suspended", "withdraw"): "withdrawn",
}

NEEDS: Mapping[Event, Action] = {
    "submit": "submit",
    "recall": "submit",
    "revise": "edit",
    "take": "review",
    "release": "review",
    "approve": "review",
    "reject": "review",
    "schedule": "publish",
    "publish": "publish",
    "suspend": "suspend",
    "resume": "publish",
    "withdraw": "publish",
}
"""What somebody must be allowed to do for it; the other events are the platform's own."""
