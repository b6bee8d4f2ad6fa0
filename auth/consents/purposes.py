"""The registry of purposes: what data is used for, in words that people read, version by version.

What is shown on a consent screen comes from here, never from the client that asks. A wording never changes once it is
registered: change it by a new version, and whoever agreed to the old one is asked again (PIPL article 14).
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Literal

import msgspec
from msgspec import Struct

from auth.consents.errors import PurposeInvalidError, PurposeOutdatedError, UnknownPurposeError

LegalBasis = Literal["consent", "contract", "statutory_duty", "emergency", "public_interest", "made_public"]  # art. 13
Sensitivity = Literal["ordinary", "sensitive"]  # art. 28: biometrics, health, finance, tracks, anybody under 14
Need = Literal["consent", "separate-consent", "notice"]
_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class Wording(Struct, frozen=True):
    """A text in both languages."""

    zh: str
    en: str


class Purpose(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One version of a purpose. ``passed_on``: to another processor, to the public or abroad (articles 23, 25, 39)."""

    id: str
    version: int
    title: Wording
    text: Wording
    fields: tuple[str, ...]
    legal_basis: LegalBasis
    retention: timedelta
    sensitivity: Sensitivity = "ordinary"
    passed_on: bool = False

    @property
    def need(self) -> Need:
        """What has to happen before use. Where a law or a contract is the basis, people are told (art. 17)."""
        if self.legal_basis != "consent":
            return "notice"
        return "separate-consent" if self.sensitivity == "sensitive" or self.passed_on else "consent"

    def digest(self) -> bytes:
        """Return the SHA-256 of everything that was shown, so that a record proves which words were agreed to.

        A field added to this class later changes no digest as long as it has a default.
        """
        return hashlib.sha256(msgspec.json.encode(self)).digest()


class Purposes:
    """All purposes with all their versions."""

    def __init__(self, purposes: Iterable[Purpose]) -> None:
        """Raises PurposeInvalidError."""
        self._versions: dict[str, list[Purpose]] = {}
        for purpose in purposes:
            _check(purpose)
            versions = self._versions.setdefault(purpose.id, [])
            if purpose.version != len(versions) + 1:
                raise PurposeInvalidError(
                    f"Purpose {purpose.id!r} has version {purpose.version} where {len(versions) + 1} was to come",
                    fix="Register all versions in their order, from 1 on; never drop an old one.",
                )
            versions.append(purpose)

    def current(self, purpose_id: str) -> Purpose:
        """Return the wording in force. Raises UnknownPurposeError."""
        return self._known(purpose_id)[-1]

    def version(self, purpose_id: str, version: int) -> Purpose:
        """Return a wording that is or was in force. Raises UnknownPurposeError."""
        versions = self._known(purpose_id)
        if not 1 <= version <= len(versions):
            raise UnknownPurposeError(
                f"Purpose {purpose_id!r} has no version {version}", fix=f"Its versions are 1 to {len(versions)}."
            )
        return versions[version - 1]

    def notices(self, purpose_ids: Iterable[str]) -> list[Purpose]:
        """Return those of some purposes that people are told of and not asked for. Raises UnknownPurposeError."""
        return [each for each in map(self.current, purpose_ids) if each.need == "notice"]

    def shown(self, versions: Mapping[str, int]) -> list[Purpose]:
        """Return what somebody was shown, by id and version. Raises PurposeOutdatedError if one has changed since."""
        for purpose_id, version in versions.items():
            if self.version(purpose_id, version) != self.current(purpose_id):
                raise PurposeOutdatedError(
                    f"Version {version} of purpose {purpose_id!r} is no longer in force",
                    fix=f"Show version {self.current(purpose_id).version} and ask again.",
                )
        return [self.current(purpose_id) for purpose_id in versions]

    def _known(self, purpose_id: str) -> list[Purpose]:
        if purpose_id not in self._versions:
            raise UnknownPurposeError(
                f"There is no purpose {purpose_id!r}", fix=f"Registered are: {', '.join(sorted(self._versions))}."
            )
        return self._versions[purpose_id]


def _check(purpose: Purpose) -> None:
    texts = (purpose.title.zh, purpose.title.en, purpose.text.zh, purpose.text.en)
    defects = {
        "id: lower case words joined by hyphens": not _ID.fullmatch(purpose.id),
        "title and text: in both languages": not all(text.strip() for text in texts),
        "fields: each data field, once": not purpose.fields or len(set(purpose.fields)) != len(purpose.fields),
        "retention: how long, and an end to it": purpose.retention <= timedelta(0),
    }
    if found := [need for need, lacks in defects.items() if lacks]:
        raise PurposeInvalidError(
            f"Purpose {purpose.id!r} is not complete", fix=f"People have to be told: {'; '.join(found)}."
        )


# The platform's own. How long is this platform's choice, but for the six months (Cybersecurity Law, article 21).
PLATFORM = (
    Purpose(
        id="sign-in",
        version=1,
        title=Wording("登录一网", "Signing in"),
        text=Wording("用于识别您的账号并保持登录。", "To recognise your account and keep you signed in."),
        fields=("host_identity", "device"),
        legal_basis="contract",
        retention=timedelta(days=3 * 365),
    ),
    Purpose(
        id="security-records",
        version=1,
        title=Wording("安全日志", "Security records"),
        text=Wording("依法留存登录和操作日志。", "Records of sign-ins and actions, kept as the law demands."),
        fields=("network_address", "device", "actions"),
        legal_basis="statutory_duty",
        retention=timedelta(days=184),
    ),
    Purpose(
        id="contact",
        version=1,
        title=Wording("通过手机联系您", "Reaching you by phone"),
        text=Wording("用于就您办理的事项与您联系。", "To reach you about what you have applied for."),
        fields=("phone",),
        legal_basis="consent",
        retention=timedelta(days=365),
    ),
    Purpose(
        id="real-name",
        version=1,
        title=Wording("实名核验", "Proving who you are"),
        text=Wording(
            "将您的姓名和身份证号码与人口库比对。", "Your name and ID number are compared with the population register."
        ),
        fields=("name", "id_number"),
        legal_basis="consent",
        retention=timedelta(days=3 * 365),
        sensitivity="sensitive",
    ),
    Purpose(
        id="face-comparison",
        version=1,
        title=Wording("人脸核验", "Comparing your face"),
        text=Wording(
            "将您的人脸与证件照片比对，比对后即删除；您也可以到窗口核验。",
            "Your face is compared with your document's photograph and deleted; a window can do it instead.",
        ),
        fields=("face",),
        legal_basis="consent",
        retention=timedelta(minutes=5),
        sensitivity="sensitive",
        passed_on=True,
    ),
    Purpose(
        id="vehicle-register",
        version=1,
        title=Wording("车主核验", "Proving that a vehicle is yours"),
        text=Wording(
            "将您的姓名、身份证号码和车牌号提供给机动车登记机关比对；您也可以到窗口核验。",
            "Your name, ID number and plate are given to the vehicle register to compare; a window can do it instead.",
        ),
        fields=("name", "id_number", "plate"),
        legal_basis="consent",
        retention=timedelta(days=3 * 365),
        sensitivity="sensitive",
        passed_on=True,
    ),
)
OWN = tuple(each.id for each in PLATFORM)
"""What the platform itself uses data for, when a resident signs in or proves who they are."""
