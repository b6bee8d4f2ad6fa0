import pytest

from supergraph.slice import Field, Member, ObjectType, Type, UnionType
from supergraph.unions import resolver


def made(name: str, **fields: str) -> ObjectType:
    return ObjectType(name=name, fields=tuple(Field(name=key, source=key, type=type_) for key, type_ in fields.items()))


TYPES: dict[str, Type] = {
    each.name: each
    for each in (
        made("Foreign", inputs="ForeignInputs!", extra="String"),
        made("ForeignInputs", business="String!"),
        made("Domestic", inputs="[DomesticInputs!]", note="String"),
        made("Local", inputs="LocalInputs"),
        made("LocalInputs", place="String!"),
    )
}
UNION = UnionType(name="Answer", members=(Member("Foreign"), Member("Local")))


@pytest.mark.parametrize(
    ("value", "member"),
    [
        ({"inputs": {"business": "a"}}, "Foreign"),
        ({"inputs": {"place": "a"}}, "Local"),
        ({"inputs": {"place": "a"}, "extra": "b"}, "Local"),
        ({"inputs": {}}, "Foreign"),  # no member fits inside: the first then, whose errors are told
        ({"inputs": None}, "Local"),
        ([], None),
    ],
)
def test_members_alike_outside_are_told_apart_by_what_is_inside(value: object, member: str | None) -> None:
    assert resolver(UNION, TYPES)(value) == member
