"""The keys that WeChat Pay signs with: public keys from the console and platform certificates, valid side by side.

WeChat Pay moves a merchant's callbacks from certificates to the public key over seven days, and back if that is
undone, so every message is judged by the key that its ``Wechatpay-Serial`` names. Certificates are downloaded and
exchanged as a whole; public keys are configuration and have no end. A download proves itself twice: it opens with the
APIv3 key, and it is signed by a key known before or by a certificate that it brings.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate, load_pem_x509_certificate

from adapters import rsa
from adapters.errors import SignatureRefusedError
from adapters.http import HostReply
from adapters.wechat_pay.signing import SCHEME, SignedHead, UnknownSerialError, open_resource, verify
from adapters.wechat_pay.wire import CertificateEntry, Certificates
from kernel.clock import Clock
from kernel.errors import YiwangError

REFRESH_INTERVAL = timedelta(minutes=1)  # anybody can send an unknown serial, and each would be a download
RENEWAL_INTERVAL = timedelta(hours=12)  # new certificates are in the list a day before they sign (WeChat Pay's advice)

Spawn = Callable[[Coroutine[Any, Any, None]], object]

_log = logging.getLogger(__name__)


class _Certificate(msgspec.Struct, frozen=True):
    key: RSAPublicKey
    until: datetime


def signed_head(headers: Mapping[str, str]) -> SignedHead:
    """Read the ``wechatpay-*`` headers (lower case) of a reply or callback. SignatureRefusedError if any is missing."""
    try:
        return SignedHead(
            headers["wechatpay-timestamp"],
            headers["wechatpay-nonce"],
            headers["wechatpay-signature"],
            headers["wechatpay-serial"],
            headers.get("wechatpay-signature-type") or SCHEME,
        )
    except KeyError as error:
        raise SignatureRefusedError(
            f"The message has no header {error.args[0]}", fix="WeChat Pay sends it; see what on the way removes it."
        ) from error


class KeyRing:
    """WeChat Pay's keys of one merchant. ``download`` asks for ``/v3/certificates``; it is judged here.

    ``spawn`` runs downloads beside the messages that make them due. ``certificates`` are those known before the first.
    Raises HostKeyError.
    """

    def __init__(
        self,
        public_keys: Mapping[str, RSAPublicKey],
        api_v3_key: bytes,
        clock: Clock,
        download: Callable[[], Awaitable[HostReply]],
        spawn: Spawn,
        *,
        certificates: Iterable[Certificate] = (),
    ) -> None:
        self._public_keys = dict(public_keys)
        self._api_v3_key = api_v3_key
        self._clock = clock
        self._download = download
        self._spawn = spawn
        self._certificates = {serial_of(each): _read(serial_of(each), each) for each in certificates}
        self._next_refresh = self._next_renewal = datetime.min.replace(tzinfo=UTC)
        self._refreshing = asyncio.Lock()

    def keys(self) -> Mapping[str, RSAPublicKey]:
        """Every key that is valid now, by serial."""
        now = self._clock.now()
        certificates = {serial: each.key for serial, each in self._certificates.items() if now < each.until}
        return {**certificates, **self._public_keys}

    def verify_now(self, headers: Mapping[str, str], body: bytes) -> None:
        """Judge a callback with the keys that are here: it has five seconds, and it is sent again.

        Raises SignatureRefusedError. An unknown serial has new certificates fetched for the next attempt.
        """
        self._renew()
        try:
            self._verify(headers, body, self.keys())
        except UnknownSerialError:
            if self._clock.now() >= self._next_refresh:
                self._spawn(self.refresh())
            raise

    async def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Judge a reply; for an unknown serial, once more after new certificates. Raises SignatureRefusedError."""
        self._renew()
        try:
            self._verify(headers, body, self.keys())
        except UnknownSerialError:
            await self.refresh()
            self._verify(headers, body, self.keys())

    async def refresh(self) -> None:
        """Fetch the certificates anew, at most once per REFRESH_INTERVAL. When that fails the old ones stay."""
        async with self._refreshing:
            now = self._clock.now()
            if now < self._next_refresh:
                return
            self._next_refresh, self._next_renewal = now + REFRESH_INTERVAL, now + RENEWAL_INTERVAL
            try:
                reply = await self._download()
                certificates = self._opened(reply)
                self._verify(reply.headers, reply.body, {**self.keys(), **_keys_of(certificates)})
            except (YiwangError, msgspec.DecodeError, ValueError) as error:
                _log.warning("WeChat Pay's certificates are not renewed: %s", error)
            else:
                self._certificates = certificates
                _log.info("WeChat Pay's certificates: %s", ", ".join(certificates))

    def _renew(self) -> None:
        now = self._clock.now()
        if now >= self._next_renewal:
            self._next_renewal = now + RENEWAL_INTERVAL
            self._spawn(self.refresh())

    def _verify(self, headers: Mapping[str, str], body: bytes, keys: Mapping[str, RSAPublicKey]) -> None:
        verify(signed_head(headers), body, keys, self._clock.now().timestamp())

    def _opened(self, reply: HostReply) -> dict[str, _Certificate]:
        if reply.status != 200:
            raise ValueError(f"the download was answered with HTTP {reply.status}")
        listed = msgspec.json.decode(reply.body, type=Certificates).data
        if not listed:
            raise ValueError("the list of certificates is empty")
        return {each.serial_no: self._open(each) for each in listed}

    def _open(self, entry: CertificateEntry) -> _Certificate:
        pem = open_resource(entry.encrypt_certificate, self._api_v3_key)
        return _read(entry.serial_no[:80], load_pem_x509_certificate(pem))


def serial_of(certificate: Certificate) -> str:
    """Return a certificate's serial as ``Wechatpay-Serial`` has it: its bytes, upper case hexadecimal."""
    number = certificate.serial_number
    return number.to_bytes((number.bit_length() + 7) // 8).hex().upper()


def _read(serial: str, certificate: Certificate) -> _Certificate:
    key = rsa.public_key(certificate.public_bytes(Encoding.PEM), f"the platform certificate {serial}")
    return _Certificate(key, certificate.not_valid_after_utc)


def _keys_of(certificates: Mapping[str, _Certificate]) -> dict[str, RSAPublicKey]:
    return {serial: each.key for serial, each in certificates.items()}
