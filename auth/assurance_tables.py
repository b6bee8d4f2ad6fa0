"""What others call the levels of assurance, as data, and which methods of signing in are which factor.

One table a source, because provinces and standards number alike and mean different things. ``auth.assurance`` reads
them; a deployment that trusts another source adds its table.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

Ial = Literal[1, 2, 3, 4]
Factor = Literal["knows", "has", "is"]


class EvidenceSource(Struct, frozen=True):
    """How one source of identity proofs numbers them, and what each number is worth here.

    ``confirmed`` is false where the equivalence is our reading and no text of the source says so: have it confirmed
    before a service relies on it.
    """

    title: str
    levels: Mapping[str, Ial]
    confirmed: bool


# ial 1: self-asserted. 2: name and ID number match the population register. 3: the real person with the real document,
# compared by an authorised source. 4: a digital certificate, or in person at a window.
SOURCES: Mapping[str, EvidenceSource] = MappingProxyType({
    "platform": EvidenceSource(
        "Proofs that this platform makes itself",
        {"self-asserted": 1, "population-register": 2, "face-and-document": 3, "certificate": 4, "window": 4},
        confirmed=True,
    ),
    "netid": EvidenceSource(
        "National network identity (Order 173, in force 2025-07-15)",
        {"certified": 3},
        confirmed=False,
    ),
    "national": EvidenceSource(
        "L1 to L4 as a national numbering",
        {"L1": 1, "L2": 2, "L3": 3, "L4": 4},
        confirmed=False,
    ),
    "guangdong": EvidenceSource(
        "Guangdong's unified identity, levels 2 to 5; its level 2 checks formats only",
        {"2": 1, "3": 2, "4": 3, "5": 4},
        confirmed=False,
    ),
    "nist-800-63-4": EvidenceSource(
        "NIST SP 800-63-4",
        {"IAL1": 2, "IAL2": 3, "IAL3": 4},
        confirmed=False,
    ),
    "eidas": EvidenceSource(
        "Regulation (EU) 910/2014, article 8",
        {"low": 2, "substantial": 3, "high": 4},
        confirmed=False,
    ),
    "iso-29115": EvidenceSource(
        "ISO/IEC 29115",
        {"LoA1": 1, "LoA2": 2, "LoA3": 3, "LoA4": 4},
        confirmed=False,
    ),
    "one-login": EvidenceSource(
        "GOV.UK One Login, levels of confidence",
        {"P0": 1, "P1": 2, "P2": 3},
        confirmed=False,
    ),
})  # fmt: skip

IN_PERSON: Ial = 4

# RFC 8176 and our own. Two methods of one kind are one factor. ``mfa``, ``user`` (a presence test) and ``ticket`` (a
# hand-over between two windows of one sign-in) say something about other methods and are no factor by themselves.
FACTORS: Mapping[str, Factor] = MappingProxyType({
    "pwd": "knows",
    "pin": "knows",
    "sms": "has",
    "otp": "has",
    "hwk": "has",
    "swk": "has",
    "wx": "has",  # a silent sign-in of a host app: whoever holds the unlocked phone
    "alipay": "has",
    "baidu": "has",
    "netid": "has",  # that the national app asks for a face or a password each time is not confirmed
    "face": "is",
    "window": "is",  # an officer has compared the person with their document (auth.residents.windows)
    "fpt": "is",
})  # fmt: skip
HARDWARE = frozenset({"hwk"})  # a key that cannot leave its device: what aal 3 asks for (NIST SP 800-63B-4)
VERIFIED = frozenset({"hwk", "swk"})
"""Two factors by themselves (multi-factor cryptographic authenticators, NIST SP 800-63B-4 section 3.1.7).

They are passkeys, and one is taken only if it has just verified its owner by a PIN or a biometric (``auth.webauthn``):
whoever adds a key that does not must give it a method of its own.
"""
