"""Operations of a document as root fields."""

from typing import NamedTuple

from supergraph.openapi.answer_types import AnswerTypes
from supergraph.openapi.answers import read_answers
from supergraph.openapi.bodies import read_body
from supergraph.openapi.document import ApiOperation
from supergraph.openapi.input_types import InputTypes
from supergraph.openapi.parameters import Parameters
from supergraph.openapi.policy import fresh_seconds, list_size, rule_of
from supergraph.openapi.settings import OperationSettings, access_of
from supergraph.openapi.types import Ref, deprecation
from supergraph.slice import Access, Binding, Operation


class Readers(NamedTuple):
    """The readers of one document, which share its types, and who may use its operations unless they say."""

    answers: AnswerTypes
    inputs: InputTypes
    parameters: Parameters
    access: Access


def read_operation(
    operation: ApiOperation, name: str, settings: OperationSettings, readers: Readers
) -> tuple[Operation, Ref] | None:
    """Return the root field and the type of its answer, None if its list cannot be counted as the settings say."""
    arguments, constants = readers.parameters.read(operation)
    body = read_body(operation, readers.inputs, {each.name for each in arguments})
    answers = read_answers(operation, readers.answers)
    if body is not None:
        arguments.append(body[0])
    size = settings.list_size
    if size is not None and (size := list_size(size, arguments, operation, readers.answers.types.report)) is None:
        return None
    fresh = fresh_seconds(operation) if settings.fresh_seconds is None else settings.fresh_seconds
    kind = settings.kind or ("query" if operation.method == "GET" else "mutation")
    field = Operation(
        name=name,
        kind=kind,
        type=answers.ref.name,
        description=settings.description or _description(operation),
        deprecated=deprecation(deprecated=operation.deprecated),
        arguments=tuple(arguments),
        group=settings.group,
        access=readers.access if settings.access is None else access_of(settings.access),
        source=operation.source,
        cost=settings.cost,
        list_size=size,
        fresh_seconds=fresh if kind == "query" else None,
        privacy=None if settings.privacy is None else rule_of(settings.privacy),
        binding=Binding(
            method=operation.method,
            path=operation.path.partition("#")[0],
            answers=answers.answers,
            body="" if body is None else body[1],
            accept=answers.accept,
            constants=tuple(constants),
            timeout_seconds=settings.timeout_seconds,
        ),
    )
    return field, answers.ref


def _description(operation: ApiOperation) -> str:
    """Return summary and description, each once."""
    summary, description = operation.summary, operation.description
    if not summary or description.startswith(summary):
        return description
    return f"{summary}\n\n{description}" if description else summary
