"""Whom a change breaks, worked out in a process of its own: one question on stdin, one answer on stdout, then it ends.

As with the compiler (``services_catalog.compiler_process``), it is Python code that may run for seconds.
"""

import sys

import msgspec
from msgspec import Struct

from services_catalog.compiler_process import limit
from supergraph.broken import Use
from supergraph.impact import impact
from supergraph.slice import decode


class Question(Struct, frozen=True):
    """Two encoded slices of one service, and what front ends ask of it."""

    old: bytes
    new: bytes
    documents: dict[str, str]
    uses: tuple[Use, ...]


def main() -> None:
    """Read a question, write its answer."""
    limit()
    question = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Question)
    found = impact(decode(question.old), decode(question.new), question.documents, question.uses)
    sys.stdout.buffer.write(msgspec.msgpack.encode(found))


if __name__ == "__main__":
    main()
