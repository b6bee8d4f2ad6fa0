"""How the simulated WeChat Pay says no, and how it reads a request's body: strictly, as the documents have it."""

from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

_NOTIFY_URL_CHARACTERS = 255
_LOOPBACK = {"127.0.0.1", "localhost"}

Body = TypeVar("Body")


class RefusalError(Exception):
    """An answer that is no success. ``detail`` stands in the body beside code and message."""

    def __init__(self, status: int, code: str, message: str, detail: object = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.detail = detail

    def body(self) -> bytes:
        content = {"code": self.code, "message": self.message}
        return msgspec.json.encode(content | ({} if self.detail is None else {"detail": self.detail}))


def read_body(body: bytes, kind: type[Body]) -> Body:
    """Decode and check a body. PARAM_ERROR names what is wrong where."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RefusalError(400, "PARAM_ERROR", f"参数错误: {error}") from error


def check_notify_url(address: str, *, loopback: bool) -> None:
    """PARAM_ERROR unless callbacks can go there; ``loopback`` also allows plain HTTP to this machine."""
    url = urlsplit(address)
    plain = loopback and url.scheme == "http" and url.hostname in _LOOPBACK
    if url.scheme != "https" and not plain:
        raise RefusalError(400, "PARAM_ERROR", "notify_url必须为https")
    if url.query or url.fragment or len(address) > _NOTIFY_URL_CHARACTERS:
        raise RefusalError(400, "PARAM_ERROR", "notify_url不能携带参数，且不超过255个字符")
