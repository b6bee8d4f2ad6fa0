"""The provider's answers as HTTP responses, and forms that come. The status is always said: a POST's would be 201."""

from typing import Any

from litestar import Request, Response
from litestar.datastructures import Cookie

from auth.provider.environment import Answer

_HTML = "text/html; charset=utf-8"


def response(answer: Answer) -> Response[Any]:
    """Return what ``auth.provider`` answered."""
    status, body, headers = answer
    given = {name.lower(): value for name, value in headers}
    kind = given.pop("content-type", "application/json" if isinstance(body, dict) else _HTML)
    return Response(body, status_code=status, headers=given, media_type=kind)


async def typed(request: Request[Any, Any, Any]) -> dict[str, str]:
    """Return what somebody typed into a form; files, which no form of ours has, are left out."""
    return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}


def cookie(name: str, value: str, issuer: str, seconds: int | None = None) -> Cookie:
    """Return a cookie for this host alone that no script reads; without TLS, as in development, it has no prefix."""
    secure = issuer.startswith("https://")
    return Cookie(
        cookie_name(name, issuer),
        value=value,
        path="/",
        max_age=seconds,
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def cookie_name(name: str, issuer: str) -> str:
    """Return ``__Host-name`` where the issuer has TLS (RFC 6265bis section 4.1.3.2)."""
    return f"__Host-{name}" if issuer.startswith("https://") else name
