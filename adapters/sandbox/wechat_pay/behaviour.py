"""What of the simulated WeChat Pay can be changed while it runs, with times that suit a test and a demonstration.

Times are real seconds of waiting, not of the world's clock.
"""

from collections.abc import Callable
from typing import Literal

from msgspec import Struct

# after the first sending; WeChat Pay's documents: 15 more within 24 h 4 min
RETRY_SECONDS = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)


class Behaviour(Struct, kw_only=True):
    """Shares are from 0 to 1 and judged anew for each message."""

    public_key_share: float = 0.5  # of the callbacks, signed by the public key; the others by the certificate
    reply_probe_share: float = 0.0  # of the replies, signed wrongly on purpose after the work is done
    callback_probe_share: float = 0.0  # of the sendings of callbacks
    most_requests_per_second: int = 600  # more are answered 429; the real limits are unverified
    settling_seconds: float = 0.0  # how long an order just made is not found; of the world's clock, as orders have it
    prepaid_seconds: float = 7200  # how long a prepay_id can be paid, of the world's clock; unverified
    confirm_seconds: float = 0.0  # how long the payer types; queries are answered 202 meanwhile
    refund_seconds: float = 0.05  # from PROCESSING to its end
    refund_end: Literal["SUCCESS", "ABNORMAL", "CLOSED"] = "SUCCESS"
    charge_seconds: float = 0.05  # from ACCEPTED to its end, of a charge without the payer at hand
    repay_seconds: float = 0.05  # until its user has repaid what WeChat has advanced
    discount_fen: int = 0  # what a coupon of WeChat's pays: payer_total is so much less than total
    accepted_statuses: tuple[int, ...] = (200, 204)  # what ends the sending of a callback; 204 is unverified
    retry_scale: float = 0.001  # a day of sending callbacks again takes a minute and a half
    late_seconds: float = 1.0  # for late callbacks, and for those out of order when no other follows
    slow_seconds: float = 6.0  # for slow replies: longer than a caller waits


def happens(share: float, random: Callable[[int], bytes]) -> bool:
    """Whether something that happens in ``share`` of the cases happens now; ``random`` gives bytes."""
    return int.from_bytes(random(4)) < share * 2**32
