"""JSON Schemas for Hypothesis: the keywords of OpenAPI documents, nested."""

from typing import Any

from hypothesis import strategies as st

NAMES = ["name", "id", "lots", "価格", "a/b"]
PATTERNS = [r"^[A-Z]{2}\d{3}$", r"a|bc+", r"^\w+(-\w+)*$", r"[^x]\.\s?", "^(?!no)[a-z]{3}"]
NUMBERS = [{"type": "integer"}, {"type": "number"}, {"type": "number", "multipleOf": 0.05}, {"multipleOf": 3}]
OTHERS = [{"type": "boolean"}, {"type": ["integer", "null"]}, {"enum": ["a", 2, None, {"b": [1]}]}, {}]


@st.composite
def limits(draw: st.DrawFn, low: str, high: str, values: st.SearchStrategy[int]) -> dict[str, Any]:
    """Both limits, one or none, in the right order."""
    numbers = sorted([draw(values), draw(values)])
    return draw(st.sampled_from([{}, {low: numbers[0]}, {high: numbers[1]}, {low: numbers[0], high: numbers[1]}]))


@st.composite
def leaves(draw: st.DrawFn, *, formats: bool = True) -> dict[str, Any]:
    """Schemas without subschemas."""
    kind = draw(st.sampled_from(["text", "pattern", "number", "other"]))
    if kind == "text":
        schema = {"type": "string", **draw(limits("minLength", "maxLength", st.integers(0, 6)))}
        if formats and draw(st.booleans()):
            schema["format"] = draw(st.sampled_from(["date", "date-time", "uuid", "uri", "own"]))
    elif kind == "pattern":
        schema = {"type": "string", "pattern": draw(st.sampled_from(PATTERNS))}
    elif kind == "number":
        schema = {**draw(st.sampled_from(NUMBERS)), **draw(limits("minimum", "maximum", st.integers(-150, 150)))}
    else:
        schema = dict(draw(st.sampled_from(OTHERS)))
    if draw(st.booleans()):
        schema["examples"] = draw(st.lists(st.sampled_from([None, 7, "text", True, [], {}]), min_size=1, max_size=3))
    return schema


@st.composite
def schemas(draw: st.DrawFn, *, formats: bool = True, depth: int = 3) -> dict[str, Any]:
    """Schemas with subschemas; formats are annotations, so none stand below ``not``."""
    inner = schemas(formats=formats, depth=depth - 1)
    kind = draw(st.sampled_from(["leaf", "object", "array", "choice", "not"])) if depth else "leaf"
    if kind == "object":
        return draw(
            st.fixed_dictionaries(
                {"type": st.just("object"), "properties": st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)},
                optional={
                    "required": st.lists(st.sampled_from(NAMES), unique=True, max_size=2),
                    "additionalProperties": inner,
                    "minProperties": st.integers(0, 2),
                    "patternProperties": st.fixed_dictionaries({"^x-[a-z]+$": inner}),
                },
            )
        )
    if kind == "array":
        return {"type": "array", "items": draw(inner), **draw(limits("minItems", "maxItems", st.integers(0, 3)))}
    if kind == "choice":
        return {draw(st.sampled_from(["allOf", "anyOf", "oneOf"])): draw(st.lists(inner, min_size=1, max_size=3))}
    if kind == "not":
        return {"not": {"not": draw(schemas(formats=False, depth=depth - 1))}}
    return draw(leaves(formats=formats))
