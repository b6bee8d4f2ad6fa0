"""What opens a service in a host app, and what else does: plain values that front ends and gateways read."""

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from services_catalog.entries.bindings import Flow
from services_catalog.entries.channels import Hours
from services_catalog.entries.places import Location
from services_catalog.entries.words import Host, Localized, LocalizedProse

WayKind = Literal["flow", "operations", "mini_program", "page", "web", "app", "window", "kiosk", "hotline", "post"]
Obstacle = Literal[
    "degraded",  # what it opens does not work at the moment
    "suspended",  # taken off for the time being
    "host_too_old",  # this version of the host app cannot open it
    "other_host",  # it opens elsewhere
    "window_only",  # no program opens it
]


class HostCall(Struct, frozen=True):
    """What a program of the host app calls at a tap: a function of its own, and the arguments."""

    api: str
    arguments: Any


class Way(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One way to a service; which keys it has depends on its kind.

    ``operations`` are of the graph, for a form of the front end's own; ``flow`` is a flow of the platform's. ``app_id``
    and ``page`` are a mini-program's, ``call`` opens it within its host, ``link`` from outside. ``url`` is a page: with
    ``client`` the mutation openPage signs residents in to it.
    """

    kind: WayKind
    host: Host | None = None
    name: Localized | None = None
    flow: Flow | None = None
    operations: tuple[str, ...] = ()
    app_id: str | None = None
    page: str | None = None
    call: HostCall | None = None
    link: str | None = None
    url: str | None = None
    client: str | None = None
    single_sign_on: bool = False
    phone: str | None = None
    location: Location | None = None
    hours: tuple[Hours, ...] = ()
    guidance: LocalizedProse | None = None


class Launch(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a host app needs to open a service.

    Without a ``way``, or with an obstacle, show the ``alternatives``, the best first. ``least_version`` is the oldest
    version of the host app that opens it; ``because`` and ``since`` say how it stands.
    """

    code: str
    channel: Host
    opens: bool
    way: Way | None = None
    obstacles: tuple[Obstacle, ...] = ()
    because: str = ""
    since: datetime | None = None
    least_version: str | None = None
    alternatives: tuple[Way, ...] = ()
