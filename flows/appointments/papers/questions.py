"""What a service asks of whoever books it, and what is an answer to that. Pure."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from flows.appointments.errors import AnswerRefusedError
from kernel.control_characters import has_control

QuestionKind = Literal["text", "choice", "date", "yes_no"]
Moment = Literal["confirm", "arrival"]
"""By when an answer is needed."""

MOST_TEXT = 500
_Title = Annotated[str, Meta(min_length=1, max_length=100)]


class Choice(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the answers that somebody may choose."""

    value: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9_-]{0,39}$", description="Write a short code.")]
    title_zh: _Title
    title_en: str = ""


class Question(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question. ``masked``: who answers the telephone does not see what was answered."""

    name: Annotated[
        str, Meta(pattern="^[a-z][a-z0-9_]{0,39}$", description="Write lower case letters, digits and underscores.")
    ]
    title_zh: _Title
    title_en: str = ""
    kind: QuestionKind = "text"
    choices: list[Choice] = []
    required_by: Moment | None = None
    masked: bool = False


def questions_of(kept: Sequence[Mapping[str, Any]]) -> list[Question]:
    """Return a service's questions as its row has them."""
    return msgspec.convert(list(kept), list[Question])


def checked(questions: Sequence[Question], given: Mapping[str, str]) -> dict[str, str]:
    """Return what was answered, each as it is kept; empty takes an answer back. Raises AnswerRefusedError."""
    known = {each.name: each for each in questions}
    read = {}
    for name, value in given.items():
        if (question := known.get(name)) is None:
            raise _refused(name[:40], "is not asked here", f"These are: {', '.join(known) or 'none'}.")
        read[name] = _read(question, value.strip())
    return read


def missing(questions: Sequence[Question], answered: Collection[str], by: Moment) -> list[str]:
    """Return the questions that have to be answered by a moment, and are not."""
    due = ("confirm",) if by == "confirm" else ("confirm", "arrival")
    return [each.name for each in questions if each.required_by in due and each.name not in answered]


def _read(question: Question, value: str) -> str:
    if not value and question.required_by != "confirm":
        return ""
    if (wrong := _wrong(question, value)) is not None:
        raise _refused(question.name, *wrong)
    return value


def _wrong(question: Question, value: str) -> tuple[str, str] | None:
    """Return what is wrong with an answer, and what to do, None if nothing is."""
    if not value:
        return "has to be answered", "Send an answer."
    choices = {"yes_no": ["yes", "no"], "choice": [each.value for each in question.choices]}.get(question.kind)
    if choices is not None:
        return None if value in choices else ("has other answers", f"Send one of {', '.join(choices)}.")
    if question.kind == "date":
        return None if _is_day(value) else ("takes a day", "Write it like 2027-01-01.")
    if len(value) > MOST_TEXT or has_control(value):
        return f"takes one line of up to {MOST_TEXT} characters", "Shorten it, without line breaks."
    return None


def _is_day(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _refused(name: str, problem: str, fix: str) -> AnswerRefusedError:
    return AnswerRefusedError(f"The question {name} {problem}", name, fix=fix)
