"""A document to a slice: the whole way, with findings in place of exceptions."""

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

from supergraph.findings import Finding
from supergraph.names import is_legal, pascal
from supergraph.openapi.answer_types import AnswerTypes
from supergraph.openapi.defects import report_defects
from supergraph.openapi.document import ApiOperation, Document
from supergraph.openapi.graph import leading_to, loosen_cycles, reached, references, starts
from supergraph.openapi.input_types import InputTypes
from supergraph.openapi.operation_names import operation_names, own_name
from supergraph.openapi.operations import Readers, read_operation
from supergraph.openapi.parameters import Parameters, credentials
from supergraph.openapi.read import read_document
from supergraph.openapi.refs import Read
from supergraph.openapi.report import Report
from supergraph.openapi.settings import NO_SETTINGS, OperationSettings, settings_by_source
from supergraph.openapi.shape import Shapes
from supergraph.openapi.type_names import TypeNames
from supergraph.openapi.types import Ref, Types
from supergraph.slice import SCALARS, Access, Operation, Slice, namespace_name, prefix

_BUILT_IN = ("String", "Int", "Float", "Boolean", "ID", "Query", "Mutation", "Subscription")


class Compilation(Struct, frozen=True):
    """A document's slice and what there is to say of it.

    ``offered`` counts the document's operations without hidden ones, ``operations`` those in the slice, ``typed``
    those of them no part of whose answer fell back to JSON where the document did give a type. With ``misfits``,
    errors for settings that fit no operation, the slice is none to publish.
    """

    slice: Slice | None
    findings: tuple[Finding, ...]
    offered: int = 0
    operations: int = 0
    typed: int = 0
    misfits: tuple[Finding, ...] = ()


def compile_document(
    name: str,
    read: Read,
    *,
    service: str,
    settings: Mapping[str, OperationSettings] = MappingProxyType({}),
    access: Access = Access(),  # noqa: B008 - it is frozen
    live: Mapping[str, str] = MappingProxyType({}),
) -> Compilation:
    """Compile the document whose entry file is ``name``; ``read`` gives the bytes of it and of files it refers to.

    ``read`` takes paths relative to the entry file's root, may raise KeyError or OSError, and is called once a file.
    ``access`` says who may use an operation whose settings do not say.
    ``live`` has the names that operations have in the graph now, by source (``GET /lots``): where operations compete
    for a name, it stays with the one that has it.
    """
    report = Report()
    if not is_legal(service):
        report.error("", f"the service's name {service!r} is no GraphQL name", "Use letters and digits, as parking.")
        return Compilation(None, report.findings)
    try:
        document = read_document(name, read, report)
        if document is None:
            return Compilation(None, report.findings)
        report_defects(document, report)
        return _Compiler(document, service, settings, live, report, access=access).compile()
    except RecursionError:
        report.error("", "the document is nested too deeply to be read", "Move inner schemas to components.")
        return Compilation(None, report.findings)


class _Compiler:
    """Compiles one document."""

    def __init__(
        self,
        document: Document,
        service: str,
        settings: Mapping[str, OperationSettings],
        live: Mapping[str, str],
        report: Report,
        *,
        access: Access,
    ) -> None:
        self._document = document
        self._live = live
        self._service = service
        self._report = report
        self._settings, self._misfits = settings_by_source(document.operations, settings, report)
        shown = [each for each in document.operations if not self._of(each).hide]
        self._hidden = len(document.operations) - len(shown)
        self._shown = sorted(shown, key=lambda each: each.source)
        self._names = self._operation_names()
        shapes = Shapes(document.bundle, report, ref_siblings=document.dialect == "3.1")
        self._types = Types(shapes, self._type_names(), report)
        inputs = InputTypes(self._types)
        self._readers = Readers(
            AnswerTypes(self._types), inputs, Parameters(inputs, credentials(document), report), access
        )

    def _of(self, operation: ApiOperation) -> OperationSettings:
        return self._settings.get(operation.source, NO_SETTINGS)

    def _operation_names(self) -> dict[str, str]:
        """Name the operations of each group apart; those beside the groups must not be called like one."""
        groups = {self._of(each).group for each in self._shown}
        names: dict[str, str] = {}
        for group in groups:
            members = [each for each in self._shown if self._of(each).group == group]
            given = {each.source: self._of(each).name for each in members if self._of(each).name}
            others = [each for each in members if each.source not in given]
            names |= given | operation_names(others, {*given.values(), *(() if group else groups)}, self._live)
            for each in others:
                if names[each.source] != (wanted := own_name(each)):
                    message = f"{wanted!r} is another's name already; this one is {names[each.source]!r}"
                    fix = "Give it an operationId of its own, or a `name` in the manifest: then no other can rename it."
                    self._report.warning(each.node, message, fix)
        return names

    def _type_names(self) -> TypeNames:
        groups = {self._of(each).group for each in self._shown} | {""}
        namespaces = {namespace_name(self._service, kind, group) for group in groups for kind in ("query", "mutation")}
        operations = {
            each.node: pascal(self._of(each).group) + pascal(self._names[each.source]) for each in reversed(self._shown)
        }
        reserved = {*SCALARS, *_BUILT_IN, *namespaces}
        return TypeNames(prefix(self._service), self._document.components, operations, reserved)

    def compile(self) -> Compilation:
        found = [field for each in self._shown if (field := self._operation(each)) is not None]
        types = self._types.made
        found = self._complete(found)
        untyped = leading_to(types, self._types.untyped)
        loosen_cycles(types)
        operations = sorted((operation for operation, _ in found), key=lambda each: (each.kind, each.group, each.name))
        used = reached(types, starts(operations))
        document = self._document
        slice_ = Slice(
            service=self._service,
            types={name: types[name] for name in sorted(used)},
            operations=tuple(operations),
            title=document.title,
            description=document.description,
            version=document.version,
            server=document.server,
        )
        return Compilation(
            slice_,
            self._report.findings,
            offered=document.offered - self._hidden,
            operations=len(operations),
            typed=sum(not ref.untyped and ref.named not in untyped for _, ref in found),
            misfits=tuple(self._misfits),
        )

    def _operation(self, operation: ApiOperation) -> tuple[Operation, Ref] | None:
        try:
            made = read_operation(operation, self._names[operation.source], self._of(operation), self._readers)
            self._types.finish()
        except RecursionError:
            self._report.error(operation.node, "the operation's schemas are nested too deeply", "Use components.")
            return None
        return made

    def _complete(self, found: list[tuple[Operation, Ref]]) -> list[tuple[Operation, Ref]]:
        """Return the operations all of whose types could be made."""
        made = self._types.made
        known = made.keys() | SCALARS.keys() | set(_BUILT_IN)
        used = {name for type_ in made.values() for name in references(type_)} | set(starts(each for each, _ in found))
        lost = leading_to(made, used - known)
        for operation, _ in found:
            if not lost.isdisjoint(starts([operation])):
                message = f"{operation.source}: its schemas are nested too deeply"
                self._report.error("", message, "Move inner schemas to components.")
        return [(operation, ref) for operation, ref in found if lost.isdisjoint(starts([operation]))]
