"""The keys of the simulated WeChat Pay and of its one merchant: real RSA, made anew for each sandbox.

They are the one thing that does not follow the seed: no library makes RSA keys from one.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.x509.oid import NameOID
from msgspec import Struct

from adapters import rsa
from adapters.wechat_pay.signing import SCHEME, Merchant, reply_message
from kernel.clock import Clock

PROBE = "WECHATPAY/SIGNTEST/"

_VALID = timedelta(days=5 * 365)


class PlatformCertificate(Struct, frozen=True):
    """A platform certificate and its key; ``serial`` is upper case hexadecimal."""

    serial: str
    pem: bytes
    key: RSAPrivateKey
    effective: datetime
    expires: datetime

    def __repr__(self) -> str:
        return f"PlatformCertificate({self.serial!r})"


class PlatformKeys:
    """What signs, and what the merchant console would show. ``random`` gives bytes, ``token`` letters and digits."""

    def __init__(self, mchid: str, clock: Clock, random: Callable[[int], bytes], token: Callable[[int], str]) -> None:
        self._clock = clock
        self._random = random
        self._token = token
        self._public_key_pair = _new_key()
        self.merchant = Merchant(mchid, random(20).hex().upper(), _new_key())
        self.api_v3_key = token(32).encode()
        self.public_key_id = f"PUB_KEY_ID_01{mchid}{random(8).hex().upper()}"
        self.public_key = self._public_key_pair.public_key()
        self.certificates: list[PlatformCertificate] = []
        self.add_certificate()

    def add_certificate(self) -> PlatformCertificate:
        """Begin to sign with a new certificate; the old ones stay in the list."""
        key = _new_key()
        number = int.from_bytes(self._random(19)) | 1 << 150  # a serial number of 20 bytes at most, never a short one
        effective = self._clock.now().replace(microsecond=0)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Simulated Tenpay.com sign")])
        signed = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(number)
            .not_valid_before(effective - timedelta(minutes=5))
            .not_valid_after(effective + _VALID)
            .sign(key, hashes.SHA256())
        )
        pem = signed.public_bytes(serialization.Encoding.PEM)
        certificate = PlatformCertificate(f"{number:X}", pem, key, effective, effective + _VALID)
        self.certificates.append(certificate)
        return certificate

    def knows(self, serial: str) -> bool:
        """Whether ``serial`` is one of the keys that sign here."""
        return serial == self.public_key_id or any(each.serial == serial for each in self.certificates)

    def sign(self, body: bytes, serial: str, *, probe: bool = False) -> dict[str, str]:
        """Return the headers that sign a reply or callback; with ``probe`` they are wrong, as SIGNTEST's are."""
        timestamp, nonce = str(int(self._clock.now().timestamp())), self._token(32)
        signature = rsa.sign(self._key(serial), reply_message(timestamp, nonce, body))
        return {
            "wechatpay-timestamp": timestamp,
            "wechatpay-nonce": nonce,
            "wechatpay-signature": f"{PROBE}{signature}" if probe else signature,
            "wechatpay-serial": serial,
            "wechatpay-signature-type": SCHEME,
        }

    def _key(self, serial: str) -> RSAPrivateKey:
        found = next((each.key for each in self.certificates if each.serial == serial), None)
        return found or self._public_key_pair


def _new_key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)
