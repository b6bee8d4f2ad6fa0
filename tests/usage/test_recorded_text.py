"""What is kept of a document: everything that a change could break, and no value that somebody wrote into it."""

from typing import Any

import pytest
from graphql import parse, print_ast, strip_ignored_characters, validate
from hypothesis import given, settings
from hypothesis import strategies as st

from supergraph.recorded_text import digest, without_values
from supergraph.slice import Slice
from supergraph.used import used
from tests.publish.test_diff import pairs
from tests.publish.test_used import documents, schema_of


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("{ a }  # 张三\n", "{a}"),
        ('{ a(name: "张三", id: 42, near: -1.5e3) }', '{a(name:"" id:0 near:0)}'),
        ('{ a(note: """\n  long\n""", state: OPEN, on: true) }', '{a(note:"" state:OPEN on:true)}'),
        (
            'query Q($n: String = "张三", $i: [Int!] = [1]) { a(n: $n, i: $i) }',
            'query Q($n:String=""$i:[Int!]=[0]){a(n:$n i:$i)}',
        ),
        ('{ p13800138000: a(in: {name: "x", of: {id: 7}}) b: c }', '{_1:a(in:{name:"" of:{id:0}})_2:c}'),
        (
            "{ ...F a @skip(if: true) } fragment F on T { x ... on U { y } }",
            "{...F a@skip(if:true)}fragment F on T{x ...on U{y}}",
        ),
    ],
)
def test_values_go_and_everything_else_stays(text: str, kept: str) -> None:
    assert without_values(text) == kept
    assert without_values(kept) == kept


def test_documents_that_differ_in_values_alone_are_one() -> None:
    one, other = (f'{{ a(id: "{id_}") {{ b }} }}' for id_ in ("110101199003071233", "310101198001010016"))
    assert digest(without_values(one)) == digest(without_values(other))


@settings(max_examples=100)
@given(pairs(), st.data())
def test_what_is_kept_uses_what_the_document_uses(pair: tuple[Slice, Slice], data: Any) -> None:
    slice_, _ = pair
    schema, text = schema_of(slice_), data.draw(documents(slice_))
    document = parse(text)
    if validate(schema, document):
        return
    for form in (text, print_ast(document), strip_ignored_characters(text)):
        kept = parse(without_values(form))
        assert validate(schema, kept) == []
        assert used(schema, kept, [slice_]) == used(schema, document, [slice_])
