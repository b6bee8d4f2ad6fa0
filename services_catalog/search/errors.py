"""What can be wrong with a question."""

from kernel.errors import YiwangError


class CursorError(YiwangError):
    """The cursor is none that this question's answers have given."""

    code = "CURSOR_INVALID"
    http_status = 400

    def __init__(self) -> None:
        super().__init__(
            "The cursor does not belong to this search", fix="Ask without it, or repeat the search that gave it."
        )
