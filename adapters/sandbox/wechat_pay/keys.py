"""The keys of the simulated WeChat Pay and of its one merchant: real RSA.

They are the one thing that does not follow the seed: no library makes RSA keys from one. What the merchant console
shows beside them is the same in every sandbox, so that it can be written down.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.x509.oid import NameOID
from msgspec import Struct

from adapters import rsa
from adapters.sandbox.rsa_keys import KeySource
from adapters.wechat_pay.keys import serial_of
from adapters.wechat_pay.signing import SCHEME, Merchant, reply_message
from kernel.clock import Clock

PROBE = "WECHATPAY/SIGNTEST/"

MCHID = "1900000001"
SERIAL = "5A4E" * 10
API_V3_KEY = "0sandbox" * 4
PUBLIC_KEY_ID = f"PUB_KEY_ID_01{MCHID}2026010500000001"

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
    """What signs, and what the merchant console would show. ``random`` gives bytes, ``token`` letters and digits.

    ``keys`` makes RSA keys: the merchant's, WeChat Pay's, and that of each certificate.
    """

    api_v3_key = API_V3_KEY.encode()
    public_key_id = PUBLIC_KEY_ID

    def __init__(
        self,
        clock: Clock,
        random: Callable[[int], bytes],
        token: Callable[[int], str],
        keys: KeySource,
    ) -> None:
        self._clock = clock
        self._random = random
        self._token = token
        self._new_key = keys
        self._public_key_pair = keys()
        self.merchant = Merchant(MCHID, SERIAL, keys())
        self.public_key = self._public_key_pair.public_key()
        self.certificates: list[PlatformCertificate] = []
        self.add_certificate()

    def add_certificate(self) -> PlatformCertificate:
        """Begin to sign with a new certificate; the old ones stay in the list."""
        key = self._new_key()
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
        certificate = PlatformCertificate(serial_of(signed), pem, key, effective, effective + _VALID)
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
