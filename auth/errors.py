"""Why somebody is not let in."""

from datetime import timedelta
from typing import Any

from kernel.errors import YiwangError
from supergraph.slice import Level


class AssuranceUnknownError(YiwangError):
    """A proof or a method of signing in that no table of assurance knows."""

    code = "ASSURANCE_UNKNOWN"
    http_status = 422


class CredentialRefusedError(YiwangError):
    """No credential, or one that is unknown, wrong or revoked: the answer does not say which."""

    code = "CREDENTIAL_REFUSED"
    http_status = 401


class NoSigningKeyError(YiwangError):
    """There is no key to sign with."""

    code = "NO_SIGNING_KEY"
    http_status = 503


class TokenRefusedError(YiwangError):
    """An access token that is expired, revoked, for another audience or client, or no token of ours."""

    code = "TOKEN_REFUSED"
    http_status = 401


class SessionEndedError(YiwangError):
    """The session is over, or never was: the resident signs in anew."""

    code = "SESSION_ENDED"
    http_status = 401


class RefreshRefusedError(YiwangError):
    """A refresh token that is unknown, expired, another client's, or was used before: then its family is revoked."""

    code = "REFRESH_REFUSED"
    http_status = 401


class AccountClosedError(YiwangError):
    """The account is frozen or erased; nobody signs in to it."""

    code = "ACCOUNT_CLOSED"
    http_status = 403


class SignInRefusedError(YiwangError):
    """A way in that is not enough for this account; the message says what else is needed."""

    code = "SIGN_IN_REFUSED"
    http_status = 403


class UnknownAccountError(YiwangError):
    """There is no such account, or not in this state."""

    code = "ACCOUNT_UNKNOWN"
    http_status = 404


class MergeFinalError(YiwangError):
    """A merge is not undone: none, final, or the account that was kept is closed, was proven or got ways in since."""

    code = "MERGE_FINAL"
    http_status = 409


class MergeRefusedError(YiwangError):
    """Two accounts are not to become one."""

    code = "MERGE_REFUSED"
    http_status = 409


class SignInNeededError(YiwangError):
    """Something is for residents who are signed in, and nobody is."""

    code = "SIGN_IN_NEEDED"
    http_status = 401


class AssuranceTooLowError(YiwangError):
    """The session's assurance level is below what something needs (RFC 9470)."""

    code = "ASSURANCE_TOO_LOW"
    http_status = 403

    def __init__(self, message: str, *, needed: Level, fix: str) -> None:
        super().__init__(message, fix=fix)
        self.needed = needed

    @property
    def extensions(self) -> dict[str, Any]:
        """The code, and the level to ask for."""
        return super().extensions | {"acr_values": self.needed}


class ScopeMissingError(YiwangError):
    """The token lacks a scope that something needs."""

    code = "SCOPE_MISSING"
    http_status = 403


class PhoneCodeRefusedError(YiwangError):
    """A code from a message that is wrong, used, too old, or guessed too often."""

    code = "PHONE_CODE_REFUSED"
    http_status = 400


class TooManyCodesError(YiwangError):
    """So many codes were sent to a number, or asked for from an address, that no more are, for a while."""

    code = "TOO_MANY_CODES"
    http_status = 429
    retryable = True


class TransactionGoneError(YiwangError):
    """A sign-in that has expired, is done, or began in another browser."""

    code = "SIGN_IN_GONE"
    http_status = 400


class ClientRefusedError(YiwangError):
    """A client cannot be registered as it is described."""

    code = "CLIENT_REFUSED"
    http_status = 400


class ClientUnknownError(YiwangError):
    """There is no client of this id."""

    code = "CLIENT_UNKNOWN"
    http_status = 404


class FaceCheckFailedError(YiwangError):
    """The face before the camera is not that of the ID card."""

    code = "FACE_CHECK_FAILED"
    http_status = 400


class FaceCheckElsewhereError(YiwangError):
    """A face check came back to a browser that has not begun it: somebody may have sent its link to another."""

    code = "FACE_CHECK_ELSEWHERE"
    http_status = 400


class IdNumberTakenError(YiwangError):
    """A proof that is not strong enough to be believed; it never says whether anybody has the ID number."""

    code = "STRONGER_PROOF_NEEDED"
    http_status = 409


class AccountUsedError(YiwangError):
    """An account that somebody has had a way in to: its owner alone erases it."""

    code = "ACCOUNT_USED"
    http_status = 409


class IdNumberClaimedError(YiwangError):
    """Nobody knows whether the account that has an ID number is its owner's, so no mandate is given for it."""

    code = "ID_NUMBER_CLAIMED"
    http_status = 409


class NoMatchError(YiwangError):
    """Name and ID number do not belong together; which of the two is wrong is not said."""

    code = "IDENTITY_NO_MATCH"
    http_status = 400


class TooManyAttemptsError(YiwangError):
    """Something that could be guessed was tried so often that it is not taken again for a while."""

    code = "TOO_MANY_ATTEMPTS"
    http_status = 429
    retryable = True


class OneTimeCodeRefusedError(YiwangError):
    """A code that one side shows and the other enters is unknown, used, too old, or the caller's own."""

    code = "ONE_TIME_CODE_REFUSED"
    http_status = 400


class AuthenticationTooOldError(YiwangError):
    """Something needs a proof of the last minutes (RFC 9470)."""

    code = "AUTHENTICATION_TOO_OLD"
    http_status = 403

    def __init__(self, message: str, *, within: timedelta, fix: str) -> None:
        super().__init__(message, fix=fix)
        self.within = within

    @property
    def extensions(self) -> dict[str, Any]:
        """The code, and the ``max_age`` to ask for, in seconds."""
        return super().extensions | {"max_age": int(self.within.total_seconds())}


class PasskeyRefusedError(YiwangError):
    """A passkey's answer that does not hold, is too old, another browser's or account's, or a key that is not taken."""

    code = "PASSKEY_REFUSED"
    http_status = 400


class PasskeyClonedError(YiwangError):
    """A passkey whose counter went back: there is a copy of it, so it lets nobody in any more."""

    code = "PASSKEY_CLONED"
    http_status = 403


class UnlinkRefusedError(YiwangError):
    """A way in that is not to be given up now; the message says why."""

    code = "UNLINK_REFUSED"
    http_status = 409


class UnknownIdentityError(YiwangError):
    """The account has no such way in."""

    code = "IDENTITY_UNKNOWN"
    http_status = 404


class HintRefusedError(YiwangError):
    """An ID token that was sent as a hint and is none of ours, or another client's."""

    code = "HINT_REFUSED"
    http_status = 400


class LogoutRefusedError(YiwangError):
    """A logout request with an address that is not the client's."""

    code = "LOGOUT_REFUSED"
    http_status = 400


class TicketRefusedError(YiwangError):
    """A one-time ticket that is used, too old or unknown, or that would lead to no page of its client's."""

    code = "TICKET_REFUSED"
    http_status = 400


class NoMessagesError(YiwangError):
    """There is no SMS gateway to send a code by."""

    code = "NO_SMS_GATEWAY"
    http_status = 503
