"""Certificate mode: the numbers by which Alipay names certificates (``app_cert_sn``, ``alipay_root_cert_sn``). Pure."""

import hashlib
import re

from cryptography import x509

from adapters.errors import HostKeyError

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_RSA_SIGNATURES = "1.2.840.113549.1.1."  # PKCS #1's arc; the root bundle has SM2 certificates too


def cert_sn(pem: bytes) -> str:
    """Return a certificate's number. Raises HostKeyError if it cannot be read."""
    try:
        return _sn(x509.load_pem_x509_certificate(pem))
    except ValueError as error:
        raise HostKeyError("The certificate cannot be read", fix="Give the .crt file of Alipay's console.") from error


def root_cert_sn(bundle: bytes) -> str:
    """Return the number of the root bundle: those of its RSA-signed certificates, joined.

    One certificate of the published bundle is an SM2 one that cannot even be parsed; what cannot be read is no RSA
    certificate, so it is passed over. Raises HostKeyError if none is left.
    """
    numbers = []
    for block in _PEM.findall(bundle):
        try:
            certificate = x509.load_pem_x509_certificate(block)
        except ValueError:
            continue
        if certificate.signature_algorithm_oid.dotted_string.startswith(_RSA_SIGNATURES):
            numbers.append(_sn(certificate))
    if not numbers:
        raise HostKeyError(
            "The root bundle has no RSA certificate", fix="Give alipayRootCert.crt as it was downloaded."
        )
    return "_".join(numbers)


def _sn(certificate: x509.Certificate) -> str:
    names = ",".join(part.rfc4514_string() for part in reversed(certificate.issuer.rdns))
    return hashlib.md5(f"{names}{certificate.serial_number}".encode(), usedforsecurity=False).hexdigest()
