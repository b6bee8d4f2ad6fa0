"""Who somebody is, proved by Alipay: a face check against the population register, or a match of name and number.

Nothing here stores what is proved. Values that only a console confirms are ``CertifyTerms``.
"""

from msgspec import Struct

from adapters.alipay.client import AlipayClient
from adapters.alipay.wire import CertifyReply, MatchReply
from adapters.errors import OutcomeUnknownError

_ASK = "Ask again; if it stays, begin anew."


class CertifyTerms(Struct, frozen=True):
    """The words of Alipay's that are unverified: compare them with the product that the console shows as signed."""

    biz_code: str = "FACE"
    identity_type: str = "CERT_INFO"
    cert_type: str = "IDENTITY_CARD"
    passed: str = "T"


class Person(Struct, frozen=True):
    """Who someone claims to be; ``mobile`` is a Chinese number without its country code, or empty."""

    name: str
    id_number: str
    mobile: str = ""

    def __repr__(self) -> str:
        return "Person(…)"  # names and identity numbers do not belong in logs


class Verdict(Struct, frozen=True):
    """Whether they are; ``reason`` is Alipay's, for support."""

    passed: bool
    reason: str = ""


class AlipayCertify:
    """The identity products of one app."""

    def __init__(self, client: AlipayClient, terms: CertifyTerms | None = None) -> None:
        self._client = client
        self._terms = terms or CertifyTerms()

    async def begin(self, number: str, person: Person, return_url: str) -> str:
        """Begin a face check; ``number`` is ours, 32 letters and digits. Return its ``certify_id``."""
        content = {
            "outer_order_no": number,
            "biz_code": self._terms.biz_code,
            "identity_param": {
                "identity_type": self._terms.identity_type,
                "cert_type": self._terms.cert_type,
                "cert_name": person.name,
                "cert_no": person.id_number,
            },
            "merchant_config": {"return_url": return_url},
        }
        reply = await self._client.call("alipay.user.certify.open.initialize", CertifyReply, content)
        if not reply.certify_id:
            raise OutcomeUnknownError("Alipay began no face check", fix=_ASK)
        return reply.certify_id

    def page(self, certify_id: str) -> str:
        """Return the address at which the person shows their face; it is signed, and good for this check only."""
        return self._client.page_url("alipay.user.certify.open.certify", {"certify_id": certify_id})

    async def verdict(self, certify_id: str) -> Verdict:
        """Ask how a face check ended; whoever has not finished has not passed."""
        content = {"certify_id": certify_id}
        reply = await self._client.call("alipay.user.certify.open.query", CertifyReply, content)
        return Verdict(reply.passed == self._terms.passed, reply.fail_reason or "")

    async def matches(self, person: Person, auth_token: str) -> Verdict:
        """Whether the user of ``auth_token`` (a sign-in's access token) is this person, without a face check."""
        content = {"user_name": person.name, "cert_type": self._terms.cert_type, "cert_no": person.id_number}
        if person.mobile:
            content["mobile"] = person.mobile
        asked = await self._client.call("alipay.user.certdoc.certverify.preconsult", MatchReply, content)
        if not asked.verify_id:
            raise OutcomeUnknownError("Alipay began no match", fix=_ASK)
        reply = await self._client.call(
            "alipay.user.certdoc.certverify.consult",
            MatchReply,
            {"verify_id": asked.verify_id},
            public={"auth_token": auth_token},
        )
        return Verdict(reply.passed == self._terms.passed, reply.fail_reason or "")
