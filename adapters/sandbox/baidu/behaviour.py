"""What of the simulated Baidu can be chosen, with times that suit a test and a demonstration.

Unless said otherwise, times are real seconds of waiting, not of the world's clock.
"""

from typing import Literal

from msgspec import Struct

RETRY_SECONDS = 120  # between sendings of a payment notice
RETRIES = 200
REFUND_RETRY_SECONDS = (120, 240, 600, 1800, *[3600] * 20)  # the real ones go on without an end


class Behaviour(Struct, kw_only=True):
    """Baidu's documents contradict each other about ``refused_reply``, so a client has to survive both.

    It is what happens after an answer to a payment notice that is no JSON or has an ``errno``. A paid order whose
    notice is answered without ``isConsumed`` is always given back.
    """

    refused_reply: Literal["refund", "retry"] = "refund"
    retry_scale: float = 0.001  # 200 sendings in 24 seconds instead of 400 minutes
    late_seconds: float = 1.0  # for late notices, and for those out of order when no other follows
    slow_seconds: float = 6.0  # for slow answers: longer than a caller waits
    refund_seconds: float = 0.05  # from running to its end
    refund_fails: bool = False


class RegisteredApp(Struct, frozen=True, kw_only=True):
    """A mini-program. Apps of one ``owner`` know a user by the same union id; without an owner there is none."""

    app_key: str
    secret: str
    name: str
    owner: str = ""


class RegisteredWebsite(RegisteredApp, frozen=True, kw_only=True):
    """An app of the account service; browsers are sent back to its ``domains`` alone."""

    domains: frozenset[str]


class PaymentService(Struct, frozen=True, kw_only=True):
    """What is registered with the cashier. Of the addresses each may be empty: then nobody is told or asked.

    An order's own ``notifyUrl`` and a refund's own ``refundNotifyUrl`` come first. Refunds that the receiver may
    audit are asked about at ``audit_url``, also those that Baidu begins by itself.
    """

    app_key: str = "MMMsandbox"
    deal_id: str = "470193086"
    notify_url: str = ""
    refund_notify_url: str = ""
    audit_url: str = ""
