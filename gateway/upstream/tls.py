"""TLS towards departments: their private certificate authority, our client certificate (mTLS), TLS 1.2 at least."""

import functools
import ssl

from gateway.upstream.errors import UpstreamUnreachableError
from gateway.upstream.settings import UpstreamSettings


def tls_context(service: str, settings: UpstreamSettings) -> ssl.SSLContext:
    """Return the context for an upstream."""
    if not (settings.ca or settings.cert):
        return _public_context()
    try:
        context = _context(settings.ca)
        if settings.cert:
            context.load_cert_chain(settings.cert, settings.key or None)
    except OSError as error:  # ssl.SSLError is one
        fix = "Let the operator check the files of ca, cert and key: PEM, readable, and belonging together."
        raise UpstreamUnreachableError(service, "its certificate files cannot be used", fix=fix) from error
    if settings.legacy_ca:
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


@functools.cache
def _public_context() -> ssl.SSLContext:
    return _context("")  # shared: reading the system's authorities takes milliseconds and a megabyte


def _context(ca: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context
