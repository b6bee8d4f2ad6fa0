"""Why a code is not accepted: one list for online checks, offline gates and the published test vectors."""

from enum import StrEnum


class Refusal(StrEnum):
    """The reason, as answers, records and vectors write it. They are looked for in this order."""

    NOT_A_CODE = "not_a_code"  # another prefix, length or alphabet
    MALFORMED = "malformed"  # right length, but not exactly what an issuer writes
    UNKNOWN_KEY = "unknown_key"  # its kid is in no key set that is known here
    WRONG_PURPOSE = "wrong_purpose"  # its key, or the code itself, is for something else
    KEY_RETIRED = "key_retired"  # its key was known, and is used no more
    BAD_SIGNATURE = "bad_signature"
    TOO_EARLY = "too_early"  # issued later than the verifier's time and the skew
    EXPIRED = "expired"
    UNKNOWN = "unknown"  # an opaque code that was never issued, or so long ago that nobody remembers
    REVOKED = "revoked"
    TOO_FAR = "too_far"  # the phone that it was given to is elsewhere
    REPLAY = "replay"  # used before, by another verifier or another request
    ONLINE_ONLY = "online_only"  # the verifier cannot judge it by itself: its clock is not known well enough
    LIST_TOO_OLD = "list_too_old"  # the revocation list is older than this action allows
