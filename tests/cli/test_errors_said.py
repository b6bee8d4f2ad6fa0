"""What an operator reads of a refusal speaks to the operator, also where residents meet the same error."""

import sys
from asyncio import to_thread

import pytest

from auth.accounts.accounts import freeze
from cli import main as command_line
from cli.errors_said import FIXES
from docs.generate import error_classes
from kernel.clock import SystemClock
from kernel.crypto.keys import key_path
from kernel.database import Database
from kernel.ids import uuid7
from kernel.settings import Settings
from tests.auth.residents import Residents

_PACKAGES = ("auth", "adapters.errors")
_SAYS_SO_ITSELF = {
    *("ACCOUNT_USED", "MERGE_FINAL", "IDENTITY_NO_MATCH", "CLIENT_UNKNOWN", "CLIENT_REFUSED", "NO_SIGNING_KEY"),
    *("HOST_MISCONFIGURED", "HOST_KEY_UNUSABLE", "PURPOSE_INVALID", "HOST_BILL_UNREADABLE", "HOST_BILL_NOT_READY"),
}
_MET_BY_NO_COMMAND = {
    *("ASSURANCE_TOO_LOW", "ASSURANCE_UNKNOWN", "AUTHENTICATION_TOO_OLD", "SCOPE_MISSING", "SIGN_IN_NEEDED"),
    *(
        "TOKEN_REFUSED",
        "REFRESH_REFUSED",
        "CREDENTIAL_REFUSED",
    ),  # `yiwang publish` has the gateway's words for the last
    *("SIGN_IN_GONE", "SIGN_IN_REFUSED", "TICKET_REFUSED", "HINT_REFUSED", "LOGOUT_REFUSED"),
    *("PHONE_CODE_REFUSED", "TOO_MANY_CODES", "NO_SMS_GATEWAY", "FACE_CHECK_FAILED", "FACE_CHECK_ELSEWHERE"),
    *("STRONGER_PROOF_NEEDED", "MERGE_REFUSED", "IDENTITY_UNKNOWN", "UNLINK_REFUSED", "REGISTER_NO_MATCH"),
    *("CONSENT_NEEDED", "CONSENT_REFUSED", "PURPOSE_OUTDATED", "PURPOSE_UNKNOWN"),
    *("HOST_CODE_REFUSED", "HOST_LACKS_THIS", "HOST_LAUNCH_REFUSED", "HOST_MESSAGE_REFUSED", "HOST_ORDER_REFUSED"),
    *("HOST_QUOTA_EXHAUSTED", "HOST_SESSION_STALE", "HOST_SIGNATURE_INVALID", "HOST_SIGN_IN_CANCELLED"),
    *("HOST_USER_BLOCKED", "PASSKEY_CLONED", "PASSKEY_REFUSED"),
}


def test_every_error_of_signing_on_that_a_command_can_meet_speaks_to_operators() -> None:
    """An error that is new in these packages gets a fix, or a place among the others."""
    met = {each.code for each in error_classes() if each.__module__.startswith(_PACKAGES)}
    assert met == {*FIXES, *_SAYS_SO_ITSELF, *_MET_BY_NO_COMMAND}
    assert len(met) == len(FIXES) + len(_SAYS_SO_ITSELF) + len(_MET_BY_NO_COMMAND)


async def test_a_refused_command_says_what_the_operator_does(
    database: Database, settings: Settings, residents: Residents, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = (await residents.sign_in("openid-1")).account_id
    async with database.session() as session:
        await freeze(session, SystemClock(), account)
    monkeypatch.setenv("YIWANG_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("YIWANG_REDIS_URL", settings.redis_url)
    monkeypatch.setenv("YIWANG_KEY_FILE", str(key_path(settings)))

    async def told(*words: str) -> str:
        def type_() -> str:
            monkeypatch.setattr(sys, "argv", ["yiwang", *words])
            with pytest.raises(SystemExit) as ended:
                command_line.main()
            return str(ended.value.code)

        return await to_thread(type_)

    frozen = await told("account", "freeze", str(account))
    assert frozen.startswith("yiwang: The account is frozen\n")
    assert "yiwang account thaw" in frozen
    assert "audit log" in await told("account", "freeze", str(uuid7()))
    assert "`yiwang mandate list`" in await told("mandate", "revoke", str(uuid7()))
