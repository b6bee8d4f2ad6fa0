"""The simulated certificate authority: a root, Alipay's certificates below it, and merchants' own."""

from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from msgspec import Struct

from adapters.alipay.certificates import cert_sn
from adapters.sandbox.rsa_keys import KeySource, new_key
from kernel.clock import Clock

ALIPAY = "支付宝(中国)网络技术有限公司"
_YEARS_5 = timedelta(days=5 * 365)  # the life of Alipay's own certificates


class Certified(Struct, frozen=True):
    """A key with its certificate."""

    key: RSAPrivateKey
    pem: bytes
    number: str


class Authority:
    """A root and, as at Alipay, one class of certificates between it and merchants', another to Alipay's own."""

    def __init__(self, clock: Clock, keys: KeySource = new_key) -> None:
        self._clock = clock
        self._keys = keys
        self._root_key = keys()
        self._root_name = _ca_name("R1")
        self.root = self._sign(self._root_name, self._root_key.public_key(), (self._root_name, self._root_key), ca=True)
        self._classes = {number: self._class(number) for number in (1, 2)}

    def issue_merchant(self, organisation: str, common_name: str) -> Certified:
        """Return a new key with a certificate of class 1; its file has no other."""
        return self._issue(1, organisation, common_name)

    def issue_alipay(self, organisation: str, merchant: str) -> Certified:
        """Return a new key of Alipay's for one merchant; the file has the certificate above it too."""
        return self._issue(2, organisation, f"{ALIPAY}-{merchant}")

    def _issue(self, number: int, organisation: str, common_name: str) -> Certified:
        key, (name, above, pem_above) = self._keys(), self._classes[number]
        subject = _name(organisation, "Alipay", common_name)
        pem = self._sign(subject, key.public_key(), (name, above), ca=False)
        return Certified(key, pem + pem_above if number == 2 else pem, cert_sn(pem))

    def _class(self, number: int) -> tuple[x509.Name, RSAPrivateKey, bytes]:
        key, name = self._keys(), _ca_name(f"Class {number} R1")
        return name, key, self._sign(name, key.public_key(), (self._root_name, self._root_key), ca=True)

    def _sign(self, subject: x509.Name, key: RSAPublicKey, by: tuple[x509.Name, RSAPrivateKey], *, ca: bool) -> bytes:
        now = self._clock.now()
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(by[0])
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + _YEARS_5)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        return builder.sign(by[1], hashes.SHA256()).public_bytes(Encoding.PEM)


def _ca_name(kind: str) -> x509.Name:
    return _name("Ant Financial", "Certification Authority", f"Sandbox Certification Authority {kind}")


def _name(organisation: str, unit: str, common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )
