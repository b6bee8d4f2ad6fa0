"""One operation, asked of a gateway and of graphql-core over the very answer that the mock gives: do they agree?"""

import base64
from typing import Any

import msgspec
from graphql import (
    ExecutionResult,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    execute,
    parse,
)
from graphql.language import DocumentNode
from msgspec import Struct

from supergraph.mock.request import Call
from supergraph.mock.service import Reply
from supergraph.requests.template import RequestTemplate
from supergraph.scope import named_fields, scoped_schema
from supergraph.slice import Answer, Operation, UnionType, named
from supergraph.types import SliceTypes
from tests.corpus.arguments import Arguments
from tests.corpus.documents import Source
from tests.corpus.selections import Selections


class Question(Struct):
    """An operation with its variables, ready to be sent; ``unasked`` names required arguments that cannot be made."""

    operation: Operation
    text: str
    variables: dict[str, Any]
    unasked: list[str]

    @property
    def body(self) -> bytes:
        return msgspec.json.encode({"query": self.text, "variables": self.variables})


class Checker:
    """Asks the operations of one document."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._types = SliceTypes(source.slice)
        self._arguments = Arguments(source.schemas, source.slice.types)

    def question(self, operation: Operation) -> Question:
        api = self.source.operations[operation.source]
        variables = self._arguments.make(operation, api, operation.source)
        required = [each.name for each in operation.arguments if each.type.endswith("!")]
        return Question(
            operation=operation,
            text=Selections(self.source.slice.types).operation(self.source.name, operation),
            variables=variables,
            unasked=[name for name in required if name not in variables],
        )

    def expected(self, question: Question) -> tuple[Reply, ExecutionResult]:
        """Return what the mock answers and what graphql-core makes of it."""
        document = parse(question.text)
        schema = scoped_schema([self._types], named_fields(document))
        reply = self._reply(schema, document, question)
        self._resolve(schema, question.operation, reply)
        result = execute(schema, document, variable_values=question.variables)
        assert isinstance(result, ExecutionResult)
        return reply, result

    def _reply(self, schema: GraphQLSchema, document: DocumentNode, question: Question) -> Reply:
        """Ask the mock what the gateway asks it."""
        sent: dict[str, Any] = {}
        field = _operation_field(schema, question.operation, self.source.name)

        def remember(_source: object, _info: object, **arguments: Any) -> None:
            sent.update(arguments)

        field.resolve = remember
        execute(schema, document, variable_values=question.variables)
        request = RequestTemplate(question.operation, self.source.slice.types).render(sent)
        path, _, query = request.target.partition("?")
        return self.source.mock.reply(Call(request.method, path, query, dict(request.headers), request.body))

    def _resolve(self, schema: GraphQLSchema, operation: Operation, reply: Reply) -> None:
        """Let the operation's field give the reply; several documented statuses are told apart by the status."""
        answer = _answer(operation, reply.status)
        value = None if answer is None else self._types.entries(operation)(_value(answer, reply))
        _operation_field(schema, operation, self.source.name).resolve = lambda *_, **__: value
        union = self.source.slice.types.get(named(operation.type))
        if isinstance(union, UnionType) and answer is not None:
            member = next((each.type for each in union.members if answer.status in each.status), None)
            made = schema.get_type(union.name)
            if member is not None and isinstance(made, GraphQLUnionType):
                made.resolve_type = lambda *_: member


def _operation_field(schema: GraphQLSchema, operation: Operation, service: str) -> Any:
    root = schema.query_type if operation.kind == "query" else schema.mutation_type
    assert root is not None
    holder: Any = root.fields[service].type
    for name in [operation.group] if operation.group else []:
        holder = _bare(holder).fields[name].type
    return _bare(holder).fields[operation.name]


def _bare(type_: Any) -> GraphQLObjectType:
    found = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
    assert isinstance(found, GraphQLObjectType)
    return found


def _answer(operation: Operation, status: int) -> Answer | None:
    """Return the documented answer of a status, as OpenAPI ranks them; of an empty body beside others, none."""
    by_status = {each.status: each for each in operation.binding.answers}
    return by_status.get(str(status)) or by_status.get(f"{status // 100}XX") or by_status.get("default")


def _value(answer: Answer, reply: Reply) -> Any:
    if answer.form == "json":
        return msgspec.json.decode(reply.body)
    if answer.form == "empty":
        return True
    return base64.b64encode(reply.body).decode() if answer.form == "binary" else reply.body.decode()
