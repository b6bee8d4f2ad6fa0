"""A department's HTTP answer to a root field's value: which documented answer it is, and what it says.

The codec reads what it can; the exact walk reads the rest; an answer that is none of the documented ones becomes
null and an error that says what came instead.
"""

import base64
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.client import responses
from typing import Any

import msgspec
from msgspec import Struct

from supergraph.codec import Codec, Inexact
from supergraph.complete import MOST_ERRORS, Completion, Error, Path, TooManyErrors, report
from supergraph.errors import AnswerStatusError, AnswerValueError
from supergraph.scalars import decode, encode
from supergraph.selection import Node, OneOf, Selected
from supergraph.slice import Answer, Operation, Type, UnionType
from supergraph.wire import Response

Value = tuple[bytes, list[Error]]
"""A root field's value as JSON, and its errors."""

_BOM = b"\xef\xbb\xbf"
_UTF_8 = "utf-8"
_CHARSETS = {
    "": _UTF_8,
    "utf8": _UTF_8,
    "gb2312": "gb18030",
    "gbk": "gb18030",
}  # as WHATWG Encoding section 4.2 reads them
_PROBLEM_BYTES = 8192  # of an error's body that is looked at; longer ones are pages, not problems
_PROBLEM_MEMBERS = ("type", "title", "status", "detail", "instance", "code", "message", "error", "errors")  # RFC 9457


class UnreadableError(Exception):
    """The answer cannot be read as the document says."""


class _Form(Struct):
    """One documented answer, ready to be read. ``codec`` is None where the body is not JSON."""

    answer: Answer
    field: Selected
    codec: Codec | None


class Reader:
    """Reads the answers to one selected root field, whose ``node`` may be narrowed by the answer's status."""

    def __init__(self, operation: Operation, types: Mapping[str, Type], field: Selected, path: Path) -> None:
        self._field = field
        self._path = path
        statuses = _statuses(types.get(operation.type))
        self._forms = {
            answer.status.upper(): self._form(answer, _for_status(field.node, statuses.get(answer.status)))
            for answer in operation.binding.answers
        }
        self._by_status: dict[int, _Form | None] = {}

    def _form(self, answer: Answer, node: Node | None) -> _Form:
        field = msgspec.structs.replace(self._field, node=node)
        return _Form(answer, field, Codec(field) if answer.form == "json" else None)

    def read(self, response: Response, service: str) -> Value:
        """Return the value of a complete answer."""
        status = response.status
        form = self._by_status.get(status)
        if form is None:
            if not 200 <= status < 300:
                return self.failed(*_failure(service, response))
            form = self._by_status[status] = self._find(status)
            if form is None:
                return b"null", []
        if form.codec is not None:
            try:
                return form.codec(response.body), []
            except Inexact:
                pass  # the walk below says exactly what is the matter
        return self._walk(form, response, service)

    def _find(self, status: int) -> _Form | None:
        """Return the documented answer for a success; an undocumented one is read as JSON if any is."""
        for name in names_of(status):
            if name in self._forms:
                return self._forms[name]
        if status in (HTTPStatus.NO_CONTENT, HTTPStatus.RESET_CONTENT):
            return None
        forms = list(self._forms.values())
        return next((form for form in forms if form.codec is not None), forms[0] if forms else None)

    def _walk(self, form: _Form, response: Response, service: str) -> Value:
        try:
            value = content(form.answer, response)
        except UnreadableError as error:
            message = f"{service} answered {response.status} with {error}"
            return self.failed(message, {"code": "UPSTREAM_BAD_ANSWER", "service": service})
        completion = Completion({"code": AnswerValueError.code, "service": service})
        try:
            completed = completion.field(form.field, value, self._path)
            return encode(completed), completion.errors
        except TooManyErrors:
            first = completion.errors[0]
            message = f"{service} answered {response.status} with more than {MOST_ERRORS} values that do not fit"
            where = ".".join(map(str, first["path"]))
            return self.failed(
                f"{message}, the first at {where}: {first['message']}",
                {"code": "UPSTREAM_BAD_VALUE", "service": service},
            )
        except (RecursionError, UnicodeEncodeError) as error:  # nested too deeply; half a surrogate pair
            message = f"{service} answered {response.status} with what cannot be written as JSON: {error}"
            return self.failed(message, {"code": "UPSTREAM_BAD_ANSWER", "service": service})

    def failed(self, message: str, extensions: dict[str, Any]) -> Value:
        """Return null and the error that says why."""
        return b"null", [report(message, self._field.locations, self._path, extensions)]


def names_of(status: int) -> tuple[str, ...]:
    """Return what a document may call a status, the most exact name first (OpenAPI 3.1 section 4.8.16)."""
    return (str(status), f"{status // 100}XX", "DEFAULT")


def content(answer: Answer, response: Response) -> Any:
    """Return what an answer's body says, in the form that is documented. Raises UnreadableError."""
    return _READERS[answer.form](response)


def _statuses(type_: Type | None) -> dict[str, str]:
    """Return the member for each status where an operation's several answers differ in type."""
    if not isinstance(type_, UnionType):
        return {}
    return {status: member.type for member in type_.members for status in member.status}


def _for_status(node: Node | None, member: str | None) -> Node | None:
    if member is None or not isinstance(node, OneOf):
        return node
    return msgspec.structs.replace(node.members[member], required=False)


def _json(response: Response) -> Any:
    if not response.body:
        return None
    body: bytes | str = response.body.removeprefix(_BOM)
    try:
        return decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if _charset(response) == _UTF_8:
            kind = response.header(b"content-type").decode("latin-1") or "no content type"
            raise UnreadableError(f"what is not JSON ({kind}, {len(body)} bytes): {error}") from error
    try:
        return decode(_text(response))  # departments' older systems answer in GBK and say so
    except (msgspec.DecodeError, RecursionError) as error:
        raise UnreadableError(f"what is not JSON: {error}") from error


def _charset(response: Response) -> str:
    kind = response.header(b"content-type").decode("latin-1").lower()
    charset = kind.partition("charset=")[2].partition(";")[0].strip(" \"'")
    return _CHARSETS.get(charset, charset)


def _text(response: Response) -> str:
    charset = _charset(response)
    try:
        return response.body.removeprefix(_BOM).decode(charset)
    except (ValueError, LookupError) as error:  # not of that charset; no charset
        raise UnreadableError(f"text that is not {charset}: {error}") from error


def _binary(response: Response) -> str:
    return base64.b64encode(response.body).decode()


_READERS: dict[str, Callable[[Response], Any]] = {
    "json": _json,
    "text": _text,
    "xml": _text,
    "binary": _binary,
    "empty": lambda _response: True,
}


def _failure(service: str, response: Response) -> tuple[str, dict[str, Any]]:
    """Return the message and extensions for an answer that is no success, with its problem document if it has one."""
    status = response.status
    phrase = responses.get(status, "")
    extensions: dict[str, Any] = {"code": AnswerStatusError.code, "service": service, "status": status}
    problem = _problem(response)
    if problem:
        extensions["problem"] = problem
    said = next((problem[name] for name in ("title", "detail", "message") if isinstance(problem.get(name), str)), "")
    return f"{service} answered {status} {phrase}".strip() + (f": {said}" if said else ""), extensions


def _problem(response: Response) -> dict[str, Any]:
    """Return what a JSON error body says to clients; of a server's own failure, only what a problem document may."""
    kind = response.header(b"content-type").lower()
    is_problem = b"problem+json" in kind
    if not 0 < len(response.body) <= _PROBLEM_BYTES or not (is_problem or (b"json" in kind and response.status < 500)):
        return {}
    try:
        body = decode(response.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    if not isinstance(body, dict):
        return {}
    if is_problem and response.status < 500:
        return body
    return {name: body[name] for name in _PROBLEM_MEMBERS if name in body}
