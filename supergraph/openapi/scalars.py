"""Scalars of a schema as scalars of the graph."""

from supergraph.openapi.shape import Shape

STRINGS = {
    "date": "Date",
    "date-time": "DateTime",
    "decimal": "Decimal",
    "byte": "Base64",
    "binary": "Base64",
    "base64": "Base64",
}
"""Formats of strings; any other is a String."""

NUMBERS = {"int32": "Int", "int64": "BigInt"}
"""Formats of numbers; any other is a Float, in answers beside `decimal`."""

SCALARS = frozenset({"String", "Int", "BigInt", "Float", "Boolean", *STRINGS.values()})

INT32 = 2**31


def scalar(shape: Shape, type_: str, *, exact: bool = False) -> str:
    """Return the scalar for a value of the JSON type ``type_``; with ``exact`` numbers may be Decimals."""
    if type_ == "integer":
        return "Int" if _fits_32_bits(shape) else "BigInt"
    if type_ == "number":
        return "Decimal" if exact and shape.format == "decimal" else NUMBERS.get(shape.format, "Float")
    if type_ == "boolean":
        return "Boolean"
    return "Base64" if type_ == "file" else STRINGS.get(shape.format.lower(), "String")


def _fits_32_bits(shape: Shape) -> bool:
    if shape.format == "int32":
        return True
    if shape.minimum is not None and shape.maximum is not None:
        return shape.minimum >= -INT32 and shape.maximum < INT32
    values = [value for value in shape.enum or () if isinstance(value, int)]
    return bool(values) and all(-INT32 <= value < INT32 for value in values)


_WIDER = ({"Int", "BigInt"}, "BigInt"), ({"Int", "BigInt", "Float"}, "Float")


def widest(names: set[str]) -> str | None:
    """Return the scalar that holds exactly the values of all these; None if there is none."""
    if len(names) == 1:
        return next(iter(names))
    for group, name in _WIDER:
        if names <= group:
            return name
    return "String" if names <= {"String", "ID", *STRINGS.values()} else None
