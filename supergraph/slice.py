"""A slice: the compiled, content-hashed form of one source. Types, root fields and where each argument goes.

Slices are stored encoded, so that a gateway process serves a service without ever reading its document. Type
references are written as in SDL (``[ParkingLot!]!``). ``source`` is always the name on the department's wire,
``name`` the name in the graph.
"""

import hashlib
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

SCALARS = {
    "JSON": "Any JSON value, as the department sends it.",
    "BigInt": "An integer of any size, as a JSON number.",
    "Date": "A calendar date, `2026-11-22` (RFC 3339 full-date).",
    "DateTime": "An instant, `2026-11-22T08:00:00+08:00` (RFC 3339 date-time).",
    "Decimal": "An exact decimal number, as a string.",
    "Base64": "Bytes, as base64 text (RFC 4648 section 4).",
}
"""The platform's own scalars, beside GraphQL's five, with their descriptions."""


class Named(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What every type, field and value of a graph has."""

    name: str
    description: str = ""
    deprecated: str | None = None  # the reason, if it is deprecated


Level = Literal["public", "L1", "L2", "L3", "L4"]
"""How surely a caller must be known: not at all, or at one of the assurance levels of ``auth.assurance``."""


RANK: dict[Level, int] = {"public": 0, "L1": 1, "L2": 2, "L3": 3, "L4": 4}


class Access(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Who may use an operation. What nobody has decided is for residents whose name and ID number were checked.

    ``scope`` must be the token's, ``consent`` names the purpose that the resident must have agreed to; both may be
    empty. ``purpose`` is told to the department with every call.
    """

    level: Level = "L2"
    scope: str = ""
    consent: str = ""
    purpose: str = ""


Privacy = Literal["public", "personal", "sensitive"]
"""How an answer may be treated: by anybody, by whom it is about, or with the care of PIPL article 28."""


class PrivacyRule(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A privacy class, and how surely a caller must be known; for what is sensitive, L3 unless ``level`` says else."""

    kind: Privacy = msgspec.field(name="class")
    level: Literal["L1", "L2", "L3", "L4"] | None = None

    @property
    def needs(self) -> Level:
        """The least level of whoever selects it."""
        return self.level or ("L3" if self.kind == "sensitive" else "public")


class ListSize(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What says how many items an answer has: the largest of the given ``arguments``, else ``assumed`` so many."""

    arguments: Annotated[
        tuple[str, ...], Meta(min_length=1, max_length=5, description="Names of arguments, 1 to 5, such as limit.")
    ]
    assumed: Annotated[int, Meta(ge=1, le=1_000_000, description="How many items come if none of them is given.")]


class Field(Named, frozen=True, kw_only=True, omit_defaults=True):
    """A field of an object; ``source`` is the property's name in the department's answer.

    ``privacy`` is the manifest's; what it says nothing of is as private as the operation that answers it.
    """

    type: str
    source: str
    privacy: PrivacyRule | None = None


class ObjectType(Named, frozen=True, kw_only=True, omit_defaults=True, tag="object"):
    """An object of an answer.

    ``kind`` says how its JSON looks:
    ``object``: a JSON object with the fields' sources as keys.
    ``wrapper``: the JSON value itself is the one field ``value`` (a scalar or list as a member of a union).
    ``entry``: one entry of a JSON object used as a map; a list of entries stands for the whole map, with the two
    fields ``key`` and ``value``.
    """

    fields: tuple[Field, ...]
    kind: Literal["object", "wrapper", "entry"] = "object"


class Member(Struct, frozen=True, omit_defaults=True):
    """One possible type of a union; ``tags`` are the discriminator's values that mean it, ``status`` its answers'."""

    type: str
    tags: tuple[str, ...] = ()
    status: tuple[str, ...] = ()  # "200", "2XX", "default": only in a union of an operation's several answers


class UnionType(Named, frozen=True, kw_only=True, omit_defaults=True, tag="union"):
    """One of several objects: told apart by the discriminator's value if there is one, else by their shape."""

    members: tuple[Member, ...]
    discriminator: str = ""  # the property's name on the wire


class EnumValue(Named, frozen=True, kw_only=True, omit_defaults=True):
    """A value of an enum; ``source`` is the JSON value on the wire."""

    source: str | int | float | bool | None


class EnumType(Named, frozen=True, kw_only=True, omit_defaults=True, tag="enum"):
    """A closed set of values, the same for answers and arguments."""

    values: tuple[EnumValue, ...]


class InputField(Named, frozen=True, kw_only=True, omit_defaults=True):
    """A field of an input object; ``media_type`` is its part's type in a multipart body, if the document says so.

    ``style`` and ``explode`` say how a list or object is written in an urlencoded form body.
    """

    type: str
    source: str
    media_type: str = ""
    style: str = "form"
    explode: bool = True


class InputType(Named, frozen=True, kw_only=True, omit_defaults=True, tag="input"):
    """An object of a request.

    ``kind`` says how it is sent:
    ``object``: as a JSON object. ``entry``: as in ObjectType. ``one_of``: exactly one field is given (GraphQL's
    ``@oneOf``) and its value alone is sent; if the field's value is an object, ``tags[field]`` is put into the
    property ``discriminator``.
    ``constants`` are sent always (properties with just one allowed value).
    """

    fields: tuple[InputField, ...]
    kind: Literal["object", "entry", "one_of"] = "object"
    discriminator: str = ""
    tags: dict[str, str] = {}
    constants: dict[str, Any] = {}


Type = ObjectType | UnionType | EnumType | InputType


class Argument(Named, frozen=True, kw_only=True, omit_defaults=True):
    """An argument of a root field and its place in the request (OpenAPI 3.1 section 4.8.12.2 for the styles).

    ``style`` is OpenAPI's, with ``tsv`` for Swagger 2.0's tab-separated lists, ``explode`` as there, and ``json``
    for a parameter with ``content: application/json``. A body is described by its operation's ``Binding.body``.
    """

    type: str
    source: str
    place: Literal["path", "query", "header", "cookie", "body"]
    style: Literal[
        "simple", "label", "matrix", "form", "spaceDelimited", "pipeDelimited", "deepObject", "tsv", "json"
    ] = "form"
    explode: bool = False
    allow_reserved: bool = False


class Answer(Struct, frozen=True, omit_defaults=True):
    """A successful answer: which statuses, in which form.

    ``form``: ``json``; ``text`` (the body as a String); ``binary`` (the body as Base64); ``empty`` (no body is read,
    the field is ``true``); ``xml`` (read as text).
    """

    status: str  # "200", "2XX" or "default"
    form: Literal["json", "text", "binary", "empty", "xml"]
    type: str
    media_type: str = ""


class Binding(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a root field is asked of the department: one HTTP request."""

    method: str  # upper case
    path: str  # template below the service's upstream URL: "/lots/{lot_id}"
    answers: tuple[Answer, ...]
    body: str = ""  # the request body's media type, "" if it has none
    accept: str = ""
    constants: tuple[tuple[Literal["path", "query", "header", "cookie"], str, str], ...] = ()  # sent always
    timeout_seconds: float | None = None


class Operation(Named, frozen=True, kw_only=True, omit_defaults=True):
    """A root field below ``Query.<service>`` or ``Mutation.<service>``.

    ``type`` is nullable always: a department that fails yields null and an error at this field, no higher.
    ``group`` is the manifest's: the field then stands in ``Query.<service>.<group>``.
    One call costs ``cost`` points, for each item of its list if it has a ``list_size``.
    """

    kind: Literal["query", "mutation"]
    type: str
    binding: Binding
    arguments: tuple[Argument, ...] = ()
    group: str = ""
    access: Access = Access()
    source: str = ""  # the document's own word: "GET /lots/{lot_id}"
    cost: int = 1
    list_size: ListSize | None = None
    fresh_seconds: int | None = None  # how old an answer may be; None: nobody says
    privacy: PrivacyRule | None = None  # None: as ``access`` has it


class Slice(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One service's part of the graph. ``types`` are keyed by name, which begins with the service's prefix."""

    service: str  # its field in Query and Mutation
    types: dict[str, Type]
    operations: tuple[Operation, ...]
    title: str = ""
    description: str = ""
    version: str = ""  # the document's own
    server: str = ""  # the upstream URL that the document names first, may be relative
    department: str = ""  # who publishes it
    format: int = 1  # of this encoding


def prefix(service: str) -> str:
    """Return what a service's type names begin with: ``busArrivals`` gives ``BusArrivals``."""
    return service[:1].upper() + service[1:]


def namespace_name(service: str, kind: Literal["query", "mutation"], group: str = "") -> str:
    """Return the name of the type that holds a service's root fields, or those of one of its groups."""
    return f"{prefix(service)}{prefix(group)}{prefix(kind)}"


def coordinate(service: str, operation: Operation) -> str:
    """Return where clients find an operation: ``Query.parking.lots``."""
    return ".".join(filter(None, (operation.kind.title(), service, operation.group, operation.name)))


def named(reference: str) -> str:
    """Return the name of the innermost type: ``[ParkingLot!]!`` gives ``ParkingLot``."""
    return reference.strip("[]!")


def type_names(slice_: Slice) -> set[str]:
    """Return the names of all types that a slice brings into a schema, those that hold its root fields too."""
    spaces = {(operation.kind, group) for operation in slice_.operations for group in ("", operation.group)}
    return slice_.types.keys() | {namespace_name(slice_.service, kind, group) for kind, group in spaces}


_encoder = msgspec.msgpack.Encoder(order="deterministic")
_decoder = msgspec.msgpack.Decoder(Slice)


def encode(slice_: Slice) -> bytes:
    """Return the stored form; equal slices give equal bytes."""
    return _encoder.encode(slice_)


def decode(data: bytes) -> Slice:
    """Read the stored form back. Raises msgspec.ValidationError for another format's bytes."""
    return _decoder.decode(data)


def digest(data: bytes) -> str:
    """Name a stored slice by its content: 32 hexadecimal digits of SHA-256."""
    return hashlib.sha256(data).hexdigest()[:32]
