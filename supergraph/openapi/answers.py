"""The successful responses of an operation as the type of its field."""

from typing import NamedTuple

from supergraph.openapi import media_types
from supergraph.openapi.answer_types import AnswerTypes, Possible
from supergraph.openapi.document import ApiOperation, Media, Response
from supergraph.openapi.scalars import scalar
from supergraph.openapi.types import Ref, Seat
from supergraph.slice import Answer

_WITHOUT_CONTENT = {"204", "205"}  # RFC 9110 sections 15.3.5 and 15.3.6, whatever the document says
_ORDER = {"json": 0, "text": 1, "xml": 2, "binary": 3}


class Answers(NamedTuple):
    """What a field gives: its type, how each status is read, and what to ask for."""

    ref: Ref
    answers: tuple[Answer, ...]
    accept: str


def read_answers(operation: ApiOperation, types: AnswerTypes) -> Answers:
    """Read the responses that mean success: those with 2xx, or else the default."""
    responses = [each for each in operation.responses if each.status.startswith("2")]
    responses = responses or [each for each in operation.responses if each.status == "default"]
    if not responses:
        fix = "Add a response for 200 with its content."
        types.types.report.warning(operation.node, "no response for success is described; any JSON is taken", fix)
        return Answers(Ref("JSON"), (Answer(status="2XX", form="json", type="JSON"),), "application/json")
    full = [
        (each, min(each.media, key=_rank))
        for each in sorted(responses, key=lambda each: each.status)
        if each.media and each.status not in _WITHOUT_CONTENT
    ]
    if not full:
        empty = tuple(Answer(status=each.status, form="empty", type="Boolean") for each in responses)
        return Answers(Ref("Boolean"), empty, "")
    # Responses without content beside these are left out: the field is null then.
    found = [_answer(response, media, types) for response, media in full]
    accept = ", ".join(dict.fromkeys(media_types.asked(media.media_type) for _, media in full))
    if len({ref.name for ref, _ in found}) == 1:
        untyped = any(ref.untyped for ref, _ in found)
        return Answers(found[0][0]._replace(untyped=untyped), tuple(answer for _, answer in found), accept)
    seat = Seat(operation.node, "_Result")
    name = types.types.names.name(*seat)
    types.make_union(name, [Possible(ref, status=(answer.status,)) for ref, answer in found], seat)
    return Answers(Ref(name), tuple(answer for _, answer in found), accept)


def _rank(media: Media) -> tuple[int, bool]:
    return _ORDER[media_types.form(media.media_type)], media.schema is None


def _answer(response: Response, media: Media, types: AnswerTypes) -> tuple[Ref, Answer]:
    form = media_types.form(media.media_type)
    ref = Ref("Base64" if form == "binary" else "JSON" if form == "json" else "String")
    if media.schema is not None:
        shape = types.types.shapes.of((media.schema,))
        structured = bool(shape.is_object or shape.types == {"array"} or shape.alternatives)
        if shape.types == {"file"}:
            form, ref = "binary", Ref("Base64")
        elif media.media_type in media_types.WILDCARDS and shape.types == {"string"} and shape.enum is None:
            # frameworks that name no type send strings as they are
            is_binary = scalar(shape, "string") == "Base64"
            form, ref = ("binary", Ref("Base64")) if is_binary else ("text", Ref("String"))
        elif form == "json" or (form == "binary" and structured):
            form, ref = "json", types.read((media.schema,), Seat(response.node))
        elif structured:
            message = f"the answer is {media.media_type}, whose structure is given as text only"
            types.types.report.warning(response.node, message, "Offer application/json beside it.")
            ref = ref._replace(untyped=True)
    return ref, Answer(status=response.status, form=form, type=ref.name, media_type=media.media_type)
