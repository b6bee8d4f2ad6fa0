"""What goes wrong on a page is said on a page, in the resident's language; the log has our defects."""

import logging
from typing import Any

from litestar import Request, Response
from litestar.types import ExceptionHandlersMap

from auth.errors import HintRefusedError, LogoutRefusedError
from gateway.errors import DefectError, SiteRequestRefusedError
from gateway.http.sign_on.rendering import Renderer, again, language
from kernel.errors import YiwangError

AnyRequest = Request[Any, Any, Any]
_SERVER_ERROR = 500
_OF_SITES = (SiteRequestRefusedError, HintRefusedError, LogoutRefusedError)
"""Whose reason a site's developers have to read."""

_log = logging.getLogger(__name__)
_render = Renderer()


def _refused(request: AnyRequest, error: YiwangError) -> Response[Any]:
    status = error.http_status if error.http_status >= _SERVER_ERROR else 400
    detail = error.said if isinstance(error, _OF_SITES) else ""
    return _render.refusal(language(request), error.code, status=status, detail=detail, again=again(request))


def _defect(request: AnyRequest, error: Exception) -> Response[Any]:
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return _render.refusal(
        language(request), DefectError.code, status=DefectError.http_status, detail=DefectError().message
    )


ON_PAGES: ExceptionHandlersMap = {YiwangError: _refused, Exception: _defect}
