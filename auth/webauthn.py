"""WebAuthn level 3 as a relying party: what a browser is asked for a passkey, and whether its answer holds.

It stands on py_webauthn (docs/decisions/0048-passkeys.md), on plain values: no database, no clock, no challenge of its
own. A key that does not verify its owner (PIN, fingerprint, face) is never taken, so each answer is two factors.
"""

import secrets
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import TypeVar
from urllib.parse import urlsplit

import webauthn
from msgspec import Struct
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    RegistrationCredential,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from auth.errors import PasskeyRefusedError

NAME = "一网"
"""The platform's, as authenticators show it."""

_CHALLENGE_BYTES = 32  # at least 16 (WebAuthn section 13.4.3)
_TIMEOUT_MILLISECONDS = 300_000  # of five to ten minutes, where the owner is to be verified (WebAuthn section 15.1)
_FIX = "Try again here with a passkey of this account, and unlock it when the device asks."
_T = TypeVar("_T")


class Party(Struct, frozen=True):
    """The provider as its keys know it: ``id`` is the issuer's host, ``origin`` where its pages are."""

    id: str
    origin: str


class Keyholder(Struct, frozen=True):
    """Whom a new passkey is for: an opaque ``handle``, and the ``name`` that the authenticator shows its owner."""

    handle: bytes
    name: str


class Made(Struct, frozen=True, kw_only=True):
    """A passkey that was just made for a party; its ``id`` is base64url."""

    party_id: str
    id: str
    public_key: bytes
    sign_count: int
    aaguid: str
    backup_eligible: bool
    backed_up: bool


class Known(Struct, frozen=True):
    """What is known of a passkey when it is shown, and never changes."""

    public_key: bytes
    user_handle: bytes
    backup_eligible: bool


class Shown(Struct, frozen=True):
    """A passkey that has signed."""

    sign_count: int
    backed_up: bool

    def is_after(self, sign_count: int) -> bool:
        """Whether the counter went on since ``sign_count``; else a copy of the key has signed (WebAuthn section 6.1.1).

        A key that does not count says 0 always. Only who has the private key can make it go back.
        """
        return self.sign_count > sign_count or self.sign_count == sign_count == 0


def party_of(issuer: str) -> Party | None:
    """Return the party; None where the issuer is an IP address, which no browser takes (WebAuthn section 5.1.2)."""
    parts = urlsplit(issuer)
    host = parts.hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return Party(host, f"{parts.scheme}://{parts.netloc}")
    return None


def new_challenge() -> str:
    """Return a challenge, as it stands in options and answers."""
    return bytes_to_base64url(secrets.token_bytes(_CHALLENGE_BYTES))


def asks_for_key(party: Party, challenge: str, allowed: Sequence[str] = ()) -> str:
    """Return the options of ``navigator.credentials.get`` as JSON; any passkey of the party's, unless some are named.

    Naming them lets keys sign, too, that their authenticators do not list by themselves.
    """
    options = webauthn.generate_authentication_options(
        rp_id=party.id,
        challenge=base64url_to_bytes(challenge),
        timeout=_TIMEOUT_MILLISECONDS,
        allow_credentials=_described(allowed),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options)


def asks_for_new_key(party: Party, challenge: str, owner: Keyholder, had: Sequence[str]) -> str:
    """Return the options of ``navigator.credentials.create`` as JSON; ``had`` are the owner's passkeys."""
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=NAME,
        user_id=owner.handle,
        user_name=owner.name,
        challenge=base64url_to_bytes(challenge),
        timeout=_TIMEOUT_MILLISECONDS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_described(had),
    )
    return webauthn.options_to_json(options)


class Answer(Struct, frozen=True):
    """What a browser sent, read and not yet believed; ``id`` is the passkey's, base64url."""

    id: str
    challenge: str
    credential: AuthenticationCredential | RegistrationCredential


def read_shown(text: str) -> Answer:
    """Read the answer to ``asks_for_key``. Raises PasskeyRefusedError."""
    return _read(text, parse_authentication_credential_json)


def read_made(text: str) -> Answer:
    """Read the answer to ``asks_for_new_key``. Raises PasskeyRefusedError."""
    return _read(text, parse_registration_credential_json)


def judge_made(party: Party, answer: Answer) -> Made:
    """Verify a new passkey, whose challenge the caller has found to be its own. Raises PasskeyRefusedError.

    No attestation is asked for: whether a key is bound to its device is what the authenticator says of itself.
    """
    done = _or_refuse(
        lambda: webauthn.verify_registration_response(
            credential=answer.credential,  # type: ignore[arg-type]  # the library judges its kind
            expected_challenge=base64url_to_bytes(answer.challenge),
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    )
    return Made(
        party_id=party.id,
        id=bytes_to_base64url(done.credential_id),
        public_key=done.credential_public_key,
        sign_count=done.sign_count,
        aaguid=done.aaguid,
        backup_eligible=done.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
        backed_up=done.credential_backed_up,
    )


def judge_shown(party: Party, answer: Answer, known: Known) -> Shown:
    """Verify a signature, whose challenge the caller has found to be its own. Raises PasskeyRefusedError.

    The counter is judged afterwards, by ``Shown.is_after``: it may go on meanwhile.
    """
    credential = answer.credential
    handle = credential.response.user_handle if isinstance(credential, AuthenticationCredential) else None
    if handle not in (None, known.user_handle):
        raise PasskeyRefusedError("The passkey is another account's", fix=_FIX)
    done = _or_refuse(
        lambda: webauthn.verify_authentication_response(
            credential=credential,  # type: ignore[arg-type]  # the library judges its kind
            expected_challenge=base64url_to_bytes(answer.challenge),
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=known.public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    )
    eligible = done.credential_device_type is CredentialDeviceType.MULTI_DEVICE
    if eligible != known.backup_eligible:  # WebAuthn section 6.1.3: it never changes
        raise PasskeyRefusedError("The passkey says of itself what it did not when it was made", fix=_FIX)
    return Shown(done.new_sign_count, done.credential_backed_up)


def _described(ids: Sequence[str]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(each)) for each in ids]


def _read(text: str, parse: Callable[[str], AuthenticationCredential | RegistrationCredential]) -> Answer:
    credential = _or_refuse(lambda: parse(text))
    said = _or_refuse(lambda: parse_client_data_json(credential.response.client_data_json))
    if said.cross_origin:  # another site's frame around our page (WebAuthn section 13.4.9)
        raise PasskeyRefusedError("The passkey was used inside another site's page", fix=_FIX)
    return Answer(bytes_to_base64url(credential.raw_id), bytes_to_base64url(said.challenge), credential)


def _or_refuse(work: Callable[[], _T]) -> _T:
    try:
        return work()
    except PasskeyRefusedError:
        raise
    except Exception as error:
        raise PasskeyRefusedError(f"The passkey's answer does not hold: {type(error).__name__}", fix=_FIX) from error
