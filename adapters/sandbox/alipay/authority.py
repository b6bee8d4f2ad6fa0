"""The simulated certificate authority: a root, Alipay's certificates below it, and merchants' own."""

from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from msgspec import Struct

from adapters.alipay.certificates import cert_sn
from kernel.clock import Clock

ALIPAY = "支付宝(中国)网络技术有限公司"
_YEARS_5 = timedelta(days=5 * 365)  # the life of Alipay's own certificates


def new_key() -> RSAPrivateKey:
    """Return a key of the length that Alipay wants. Not from the seed: the library makes its own randomness."""
    return rsa.generate_private_key(65537, 2048)


class Certified(Struct, frozen=True):
    """A key with its certificate."""

    key: RSAPrivateKey
    pem: bytes
    number: str


class Authority:
    """Issues certificates, with Alipay's way of naming: C, O, OU, CN."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._key = new_key()
        self._name = _name("Ant Financial", "Certification Authority", "Sandbox Root R1")
        self.root = self._sign(self._name, self._key.public_key(), is_authority=True)

    def issue(self, organisation: str, common_name: str) -> Certified:
        """Return a new key with a certificate that is valid from now."""
        key = new_key()
        pem = self._sign(_name(organisation, "Alipay", common_name), key.public_key(), is_authority=False)
        return Certified(key, pem, cert_sn(pem))

    def _sign(self, subject: x509.Name, key: RSAPublicKey, *, is_authority: bool) -> bytes:
        now = self._clock.now()
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + _YEARS_5)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _name(organisation: str, unit: str, common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )
