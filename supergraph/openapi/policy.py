"""The policy of operations and fields as the manifest gives them, and the document where it speaks of them.

What fits nothing is an error, never a warning: a list that is not counted or a field that is not guarded by a slip of
the pen would be found out too late.
"""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from supergraph.findings import Finding
from supergraph.openapi.document import ApiOperation
from supergraph.openapi.report import Report
from supergraph.slice import Argument, Field, ListSize, ObjectType, Privacy, PrivacyRule, Slice, Type

_MAX_AGE = re.compile(r"(?i)(?:^|[\s,])max-age=\"?([0-9]{1,9})")  # RFC 9111 section 5.2.2.1
_NOT_SHARED = re.compile(r"(?i)(?:^|[\s,])(?:no-store|no-cache|private)\b")  # sections 5.2.2.4, .5 and .7
_INTEGERS = {"Int", "BigInt"}

FieldSettings = Mapping[str, Privacy | PrivacyRule]
"""By coordinate in the graph, ``ParkingOwner.idNumber``, or by name in whatever type, ``*.idNumber``."""


def rule_of(given: Privacy | PrivacyRule) -> PrivacyRule:
    """Return the whole rule for its short form."""
    return given if isinstance(given, PrivacyRule) else PrivacyRule(given)


def fresh_seconds(operation: ApiOperation) -> int | None:
    """Return how old the document lets successful answers be for everybody, None if it does not say."""
    for response in operation.responses:
        if response.status.startswith("2") and (said := response.cache_control):
            if _NOT_SHARED.search(said):
                return 0
            if found := _MAX_AGE.search(said):
                return int(found[1])
    return None


def list_size(
    given: ListSize, arguments: Sequence[Argument], operation: ApiOperation, report: Report
) -> ListSize | None:
    """Return the list size in the graph's names; None, with errors in ``report``, if an argument cannot say it."""
    fitting = {each.source: each.name for each in arguments if each.type.rstrip("!") in _INTEGERS}
    fitting |= {name: name for name in fitting.values()}
    wrong = [each for each in given.arguments if each not in fitting]
    for each in wrong:
        message = f"{operation.source}: {each!r} of `list_size` is no argument that holds one integer"
        fix = f"Name one of {', '.join(sorted(fitting))}." if fitting else "Leave `list_size` out, and raise `cost`."
        report.error(operation.node, message, fix)
    return None if wrong else ListSize(tuple(fitting[each] for each in given.arguments), given.assumed)


def with_fields(slice_: Slice, given: FieldSettings) -> tuple[Slice, list[Finding]]:
    """Return the slice with its fields' rules, and an error for each key that fits no field."""
    rules: dict[str, PrivacyRule] = {}
    missing = []
    for key in sorted(given, key=lambda each: not each.startswith("*.")):  # the exact ones last: they win
        fitting = [where for where, field in _fields(slice_.types) if _fits(key, where, field)]
        rules |= dict.fromkeys(fitting, rule_of(given[key]))
        if not fitting:
            missing.append(_missing(key, slice_.types))
    types = {name: _with_rules(type_, rules) for name, type_ in slice_.types.items()} if rules else slice_.types
    return msgspec.structs.replace(slice_, types=types), missing


def _fields(types: Mapping[str, Type]) -> Iterator[tuple[str, Field]]:
    for type_ in types.values():
        if isinstance(type_, ObjectType):
            yield from ((f"{type_.name}.{field.name}", field) for field in type_.fields)


def _fits(key: str, where: str, field: Field) -> bool:
    type_, _, name = key.partition(".")
    return type_ in ("*", where.partition(".")[0]) and name in (field.name, field.source)


def _missing(key: str, types: Mapping[str, Type]) -> Finding:
    anywhere = key.startswith("*.")
    known = [f"*.{field.name}" if anywhere else where for where, field in _fields(types)]
    near = difflib.get_close_matches(key, known, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    fix = f"Write Type.field as the service's SDL has them, or *.field for any type.{hint}"
    return Finding("error", "", f"the manifest's `fields` name {key!r}, which is in no answer", fix)


def _with_rules(type_: Type, rules: Mapping[str, PrivacyRule]) -> Type:
    if not isinstance(type_, ObjectType):
        return type_
    fields = tuple(
        msgspec.structs.replace(field, privacy=rules.get(f"{type_.name}.{field.name}")) for field in type_.fields
    )
    return msgspec.structs.replace(type_, fields=fields)
