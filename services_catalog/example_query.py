"""A first query for whoever has just published: one operation that needs no arguments, with a few plain fields."""

from supergraph.slice import EnumType, ObjectType, Operation, Slice, named

_FIELDS = 5
_LEVELS = 3


def example_query(slice_: Slice) -> str:
    """Return a valid query of the slice, ``""`` if every safe operation needs arguments."""
    for operation in slice_.operations:
        if operation.kind == "query" and not any(argument.type.endswith("!") for argument in operation.arguments):
            selection = _selection(slice_, operation.type, _LEVELS)
            if selection is not None:
                return _query(slice_.service, operation, selection)
    return ""


def _query(service: str, operation: Operation, selection: str) -> str:
    inner = f"{operation.name}{selection}"
    if operation.group:
        inner = f"{operation.group} {{ {inner} }}"
    return f"{{ {service} {{ {inner} }} }}"


def _selection(slice_: Slice, reference: str, levels: int) -> str | None:
    """Return what follows a field of this type; ``None`` if its plain fields lie too deep or there are none."""
    type_ = slice_.types.get(named(reference))
    if type_ is None or isinstance(type_, EnumType):
        return ""
    if levels == 0:
        return None
    if not isinstance(type_, ObjectType):
        return " { __typename }"
    open_to_all = [field for field in type_.fields if field.privacy is None]  # of those whom the operation is for
    inner = [(field.name, _selection(slice_, field.type, levels - 1)) for field in open_to_all]
    plain = [name for name, selection in inner if selection == ""]
    nested = [f"{name}{selection}" for name, selection in inner if selection]
    chosen = plain[:_FIELDS] or nested[:1]
    return f" {{ {' '.join(chosen)} }}" if chosen else None
