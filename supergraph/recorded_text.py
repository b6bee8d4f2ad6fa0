"""The form in which documents are kept: what they ask for, without the values that somebody wrote into them.

A document with literals may hold personal data. Strings become ``""`` and numbers ``0``, which still are values of
their types; aliases are numbered, for programs write identifiers into them; comments go. Names of fields, operations
and enum values stay. https://spec.graphql.org/October2021/#sec-Appendix-Grammar-Summary.Lexical-Tokens
"""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import pairwise

from graphql import Lexer, Source, Token, TokenKind
from graphql.language.lexer import is_punctuator_token_kind

_EMPTIED = {TokenKind.STRING: '""', TokenKind.BLOCK_STRING: '""', TokenKind.INT: "0", TokenKind.FLOAT: "0"}


def without_values(text: str) -> str:
    """Return a document's shortest text without its values. Raises GraphQLSyntaxError."""
    parts: list[str] = []
    glued = False  # the last part would run into a name
    for kind, part in _parts(_tokens(text)):
        word = not is_punctuator_token_kind(kind)
        if glued and (word or kind is TokenKind.SPREAD):
            parts.append(" ")
        parts.append(part)
        glued = word
    return "".join(parts)


def digest(text: str) -> str:
    """Name a kept text by its content."""
    return hashlib.sha256(text.encode()).hexdigest()


def _tokens(text: str) -> Iterator[Token]:
    lexer = Lexer(Source(text))
    while (token := lexer.advance()).kind is not TokenKind.EOF:
        yield token
    yield token


def _parts(tokens: Iterable[Token]) -> Iterator[tuple[TokenKind, str]]:
    """Yield each token as it is kept. Outside of parentheses a name before a colon is an alias."""
    depth = aliases = 0
    for token, after in pairwise(tokens):
        kind = token.kind
        depth += (kind is TokenKind.PAREN_L) - (kind is TokenKind.PAREN_R)
        if kind is TokenKind.NAME and after.kind is TokenKind.COLON and depth == 0:
            aliases += 1
            yield kind, f"_{aliases}"
        elif kind in _EMPTIED:
            yield kind, _EMPTIED[kind]
        else:
            yield kind, token.value if kind is TokenKind.NAME and token.value else kind.value
