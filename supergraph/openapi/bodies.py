"""Request bodies as one argument, in the media type that a client is served best with."""

import msgspec

from supergraph.openapi import media_types
from supergraph.openapi.document import ApiOperation, Media
from supergraph.openapi.input_types import InputTypes
from supergraph.openapi.node import Node
from supergraph.openapi.types import Ref, Seat
from supergraph.slice import Argument, InputType

NAMES = ("input", "body", "requestBody")
_FORMS = {"multipart/form-data": 1, "application/x-www-form-urlencoded": 2}
_ORDER = {"json": 0, "text": 3, "xml": 4, "binary": 5}


def read_body(operation: ApiOperation, inputs: InputTypes, used: set[str]) -> tuple[Argument, str] | None:
    """Return the argument and the media type; None if the operation has no body."""
    body = operation.body
    if body is None:
        return None
    media = min(body.media, key=_rank)
    ref = _ref(media, inputs, body.node)
    if ref.name == "JSON" and media.media_type in _FORMS:
        inputs.types.report.warning(body.node, "the form's fields are not described", "Give its schema properties.")
    name = next((name for name in NAMES if name not in used), f"{NAMES[0]}_")
    return Argument(
        name=name,
        source="",
        type=ref.written(required=body.required),
        place="body",
        description=body.description,
    ), media_types.asked(media.media_type)


def _rank(media: Media) -> tuple[bool, int]:
    """JSON first, then forms, text, XML, bytes; what has a schema before what has none."""
    return media.schema is None, _FORMS.get(media.media_type, _ORDER[media_types.form(media.media_type)])


def _ref(media: Media, inputs: InputTypes, node: Node) -> Ref:
    form = media_types.form(media.media_type)
    is_form = media.media_type in _FORMS or media.media_type.startswith("multipart/")
    if not is_form and form in {"text", "xml"}:
        return Ref("String")
    if media.schema is None:
        return Ref("JSON" if is_form or form == "json" else "Base64")
    if form == "binary" and not is_form and not inputs.types.shapes.of((media.schema,)).is_object:
        return Ref("Base64")
    ref = inputs.read((media.schema,), Seat(node))
    if is_form and media.encoding is not None:
        encoding = media.encoding
        inputs.types.later(lambda: _encode(ref.name, encoding, inputs))
    return ref


def _encode(name: str, encoding: Node, inputs: InputTypes) -> None:
    """Write into the input type how its fields are sent in a form."""
    made = inputs.types.made.get(name)
    if not isinstance(made, InputType):
        return
    fields = []
    for field in made.fields:
        node = encoding.child(field.source)
        if node is not None:
            explode = node.get("explode")
            field = msgspec.structs.replace(  # noqa: PLW2901 # the same field, with its encoding
                field,
                media_type=node.text("contentType"),
                style=node.text("style") or "form",
                explode=explode if isinstance(explode, bool) else node.text("style") in {"", "form"},
            )
        fields.append(field)
    inputs.types.add(msgspec.structs.replace(made, fields=tuple(fields)))
