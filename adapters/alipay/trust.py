"""Whose signatures are Alipay's: one public key, or certificates below Alipay's roots, which it renews by itself."""

import re
from collections.abc import Sequence

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import NameOID

from adapters import rsa
from adapters.alipay.certificates import cert_sn, root_cert_sn
from adapters.errors import HostKeyError
from kernel.clock import Clock

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_LONGEST_CHAIN = 4  # Alipay's own has 3
_FIX = "Download Alipay's certificates from the console anew."


class Trust:
    """The keys of one app's Alipay. Made by ``by_key`` or ``by_certificates``."""

    def __init__(self, keys: dict[str, RSAPublicKey], parameters: dict[str, str], roots: "_Roots | None") -> None:
        self._keys = keys
        self.parameters = parameters  # what every request says of the certificates in use
        self._roots = roots

    @classmethod
    def by_key(cls, public_key: bytes) -> "Trust":
        """Public-key mode: the platform's key from the console, not the app's own. Raises HostKeyError."""
        return cls({"": rsa.public_key(public_key, "Alipay's public key")}, {}, None)

    @classmethod
    def by_certificates(cls, app: bytes, alipay: bytes, root_bundle: bytes, clock: Clock) -> "Trust":
        """Certificate mode: the three files of the console, PEM. Raises HostKeyError."""
        parameters = {"app_cert_sn": cert_sn(app), "alipay_root_cert_sn": root_cert_sn(root_bundle)}
        roots = _Roots(_certificates(root_bundle), _certificates(alipay), clock)
        return cls({cert_sn(alipay): rsa.public_key(alipay, "Alipay's certificate")}, parameters, roots)

    @property
    def renews(self) -> bool:
        """Whether Alipay may sign with a certificate that is not known yet."""
        return self._roots is not None

    def knows(self, number: str) -> bool:
        """Whether the certificate of a reply is known; a reply without a number may be signed by any of them."""
        return not self.renews or not number or number in self._keys

    def is_signed(self, text: str, signature: str, number: str = "") -> bool:
        """Whether Alipay signed ``text``, with its certificate ``number`` if one is named."""
        if not signature:
            return False
        named = self._keys.get(number)
        keys = [named] if named is not None else list(self._keys.values()) if self.knows(number) else []
        return any(rsa.is_signed(key, text.encode(), signature) for key in keys)

    def newest_first(self) -> Sequence[RSAPublicKey]:
        """All known keys: notices do not say which certificate they are signed with."""
        return list(reversed(self._keys.values()))

    def learn(self, number: str, pem: bytes) -> None:
        """Believe a renewed certificate if it is Alipay's and a root vouches for it. Raises HostKeyError."""
        if self._roots is None:
            raise HostKeyError("Certificates are for the certificate mode", fix=_FIX)
        if cert_sn(pem) != number:
            raise HostKeyError("Alipay gave another certificate than the one that was asked for", fix=_FIX)
        self._roots.check(_certificates(pem))
        self._keys[number] = rsa.public_key(pem, "Alipay's renewed certificate")


class _Roots:
    """The root bundle and Alipay's first certificate, of which every later one has to have the common name.

    Merchants' own certificates are below the same roots, so a chain to a root alone proves little. Between Alipay's
    certificate and the root is another, which comes with the first or with the renewed one.
    """

    def __init__(self, roots: Sequence[x509.Certificate], first: Sequence[x509.Certificate], clock: Clock) -> None:
        self._roots = roots
        self._common_name = _common_name(first)
        self._between = [each for each in first[1:] if _is_authority(each)]
        self._clock = clock

    def check(self, chain: Sequence[x509.Certificate]) -> None:
        """Check a certificate and what came with it. Raises HostKeyError."""
        if not self._common_name or _common_name(chain) != self._common_name:
            raise HostKeyError("The renewed certificate is not Alipay's but someone else's", fix=_FIX)
        certificate, between = chain[0], [*filter(_is_authority, chain[1:]), *self._between]
        for _ in range(_LONGEST_CHAIN):
            self._check_time(certificate)
            if any(_issued(certificate, root) for root in self._roots):
                return
            issuer = next((each for each in between if each != certificate and _issued(certificate, each)), None)
            if issuer is None:
                break
            certificate = issuer
        raise HostKeyError("No root of Alipay's vouches for the renewed certificate", fix=_FIX)

    def _check_time(self, certificate: x509.Certificate) -> None:
        if not certificate.not_valid_before_utc <= self._clock.now() <= certificate.not_valid_after_utc:
            raise HostKeyError("The renewed certificate is not valid now", fix=f"Check this machine's clock. {_FIX}")


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return bool(certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
    except x509.ExtensionNotFound:
        return False


def _common_name(chain: Sequence[x509.Certificate]) -> str:
    names = chain[0].subject.get_attributes_for_oid(NameOID.COMMON_NAME) if chain else []
    return str(names[0].value) if names else ""


def _certificates(bundle: bytes) -> list[x509.Certificate]:
    """Return what can be read: the published root bundle has an SM2 certificate that cannot be parsed."""
    found = []
    for block in _PEM.findall(bundle):
        try:
            found.append(x509.load_pem_x509_certificate(block))
        except ValueError:
            continue
    return found
