"""The simulated console: apps, merchants and keys, and what a deployment copies from it."""

from collections.abc import Mapping
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec import Struct

from adapters.alipay.app import AlipayApp
from adapters.alipay.certificates import root_cert_sn
from adapters.alipay.trust import Trust
from adapters.sandbox.alipay.authority import Authority, Certified
from adapters.sandbox.alipay.subcodes import MESSAGE_REFUSALS, USER_BLOCKED
from adapters.sandbox.rsa_keys import KeySource
from kernel.clock import Clock

Knows = Literal["open_id", "user_id", "both"]
PhoneForm = Literal["encrypted", "plain", "unsigned"]

_CITY, _MERCHANT = "Sandbox City", "2088000000000001"  # one merchant owns all apps


class Template(Struct, frozen=True):
    """A subscription message's form: its title, and each keyword with what the resident reads before the value."""

    title: str
    keywords: Mapping[str, str]


class SimulatedApp(Struct, kw_only=True):
    """A registered mini-program. ``knows`` is how it gets its users named, ``pages`` are the released ones.

    ``exists_when_opened``: a trade is unknown until its payer has opened the cashier. ``url_rules`` are the beginnings
    of ordinary addresses whose codes open this app; ``message_url`` is where the platform's messages go. To its
    ``domains`` browsers are sent back from the sign-in page.
    """

    app_id: str
    name: str
    seller_id: str = _MERCHANT
    knows: Knows = "open_id"
    certificates: bool = False
    content_key: str = ""
    phone: PhoneForm = "encrypted"
    pages: frozenset[str] = frozenset()
    templates: Mapping[str, Template] = {}
    url_rules: tuple[str, ...] = ()
    exists_when_opened: bool = False
    message_url: str = ""
    domains: frozenset[str] = frozenset()


class Console:
    """All apps of one simulated Alipay."""

    def __init__(self, clock: Clock, keys: KeySource) -> None:
        self._clock = clock
        self._authority = Authority(clock, keys)
        self._key = keys()
        self.apps: dict[str, SimulatedApp] = {}
        self._certified: dict[str, Certified] = {}
        self.certificates: dict[str, bytes] = {}
        self._alipay = self.rotate_certificate()

    def register(self, app: SimulatedApp) -> SimulatedApp:
        """Add an app and make its key; with ``certificates`` set it is in certificate mode."""
        self.apps[app.app_id] = app
        self._certified[app.app_id] = self._authority.issue_merchant(_CITY, f"{_MERCHANT}-{app.app_id}")
        return app

    def rotate_certificate(self) -> Certified:
        """Have Alipay sign with a new certificate from now on."""
        self._alipay = self._authority.issue_alipay(_CITY, _MERCHANT)
        self.certificates[self._alipay.number] = self._alipay.pem
        return self._alipay

    def signing_key(self, app: SimulatedApp | None) -> tuple[RSAPrivateKey, str]:
        """Return what Alipay signs with for an app, and the certificate's number in certificate mode."""
        if app is not None and app.certificates:
            return self._alipay.key, self._alipay.number
        return self._key, ""

    def domains(self, app_id: str) -> frozenset[str]:
        """Return the domains of an app, none if it is unknown."""
        return self.apps[app_id].domains if app_id in self.apps else frozenset()

    def app_key(self, app_id: str) -> RSAPrivateKey:
        """Return the app's own private key, which a real console never sees."""
        return self._certified[app_id].key

    def certificate_numbers(self, app: SimulatedApp) -> Mapping[str, str]:
        """Return what every request of an app in certificate mode has to say."""
        if not app.certificates:
            return {}
        number = self._certified[app.app_id].number
        return {"app_cert_sn": number, "alipay_root_cert_sn": root_cert_sn(self._authority.root)}

    def app_certificate(self, app_id: str) -> bytes:
        return self._certified[app_id].pem

    def alipay_certificate(self) -> bytes:
        return self._alipay.pem

    def root_certificates(self) -> bytes:
        return self._authority.root

    def public_key(self) -> bytes:
        """Return Alipay's public key as PEM, for public-key mode."""
        return self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def credentials(self, app_id: str) -> tuple[AlipayApp, Trust]:
        """Return what the adapter has to be given for an app."""
        app = self.apps[app_id]
        settings = AlipayApp(
            app_id=app_id,
            key=self.app_key(app_id),
            seller_id=app.seller_id,
            content_key=app.content_key,
            blocked_sub_codes=frozenset({USER_BLOCKED}),
            message_refusals=MESSAGE_REFUSALS,
        )
        if not app.certificates:
            return settings, Trust.by_key(self.public_key())
        files = (self.app_certificate(app_id), self.alipay_certificate(), self.root_certificates())
        return settings, Trust.by_certificates(*files, self._clock)
