"""Every error that the pages of appointments can meet has a text there, in both languages, that says what to do."""

import re
from pathlib import Path

import pytest

from docs.generate import error_classes
from gateway.http import static_pages

STATIC = Path(static_pages.__file__).parent / "static"
_TEXT = re.compile(r'^  ([A-Z_]+): \{ zh: "(.+)", en: "(.+)" \},$', re.MULTILINE)
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_SLOTS = re.compile(r"\{\w+\}")

_FILES = {"APPOINTMENT_FILE_REFUSED", "APPOINTMENT_SYSTEM_UNKNOWN", "FHIR_NOT_FOUND", "FHIR_PARAMETER"}
_KEYS = {"GM_KEY_INVALID", "GM_SIGNATURES_UNAVAILABLE", "SEALED_DATA_INVALID", "SEALING_KEY_UNKNOWN", "NO_SIGNING_KEY"}
_AUDIT = {"AUDIT_ANCHORS_UNREADABLE", "AUDIT_KEY_UNUSABLE", "ADDRESS_REFUSED", "UPSTREAM_URL_INVALID", "OUTSIDE_FAILED"}
_GRAPH = {
    *("GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "BAD_VARIABLES", "OPERATION_TOO_LARGE"),
    *("OPERATION_TOO_COSTLY", "INTROSPECTION_NEEDS_SCOPE"),
}
_HTTP = {
    *("UNSUPPORTED_MEDIA_TYPE", "NOT_ACCEPTABLE", "METHOD_NOT_ALLOWED", "SITE_REQUEST_REFUSED"),
    "INTERNAL_ERROR",
}

_OURS = ("flows.appointments", "gateway.errors", "gateway.registry")
PAGES = {
    "appointments/errors.js": (
        ("kernel", "auth", "adapters.errors", "schema.errors", *_OURS),
        {
            "departments' and operators' commands and programs": _FILES | _KEYS | _AUDIT,
            "a defect of the page, which is said as such": _GRAPH | _HTTP | {"BAD_REQUEST"},
            "staff's": {
                *("STAFF_ROLE_MISSING", "CREDENTIAL_REFUSED", "REQUEST_TOO_LARGE", "HTTP_ERROR"),
                *("HALL_CALLED_JUST_NOW", "HALL_COUNTER_STATE", "HALL_COUNTER_UNKNOWN"),
            },
            "the draw's page for programs": {"APPOINTMENT_DRAW_UNKNOWN"},
            "the sign-in pages, by SMS, passkeys, a face check or for another site": {
                *("PHONE_CODE_REFUSED", "PHONE_NUMBER_INVALID", "TOO_MANY_CODES", "NO_SMS_GATEWAY"),
                *("PASSKEY_CLONED", "PASSKEY_REFUSED", "FACE_CHECK_ELSEWHERE", "FACE_CHECK_FAILED", "SIGN_IN_GONE"),
                *("TICKET_REFUSED", "HINT_REFUSED", "LOGOUT_REFUSED", "CLIENT_REFUSED", "CLIENT_UNKNOWN"),
                "ASSURANCE_UNKNOWN",
            },
            "ways in, mandates and purposes, which the mini-program has": {
                *("UNLINK_REFUSED", "IDENTITY_UNKNOWN", "ONE_TIME_CODE_REFUSED", "MERGE_FINAL", "ACCOUNT_USED"),
                *("MANDATE_REFUSED", "MANDATE_UNKNOWN", "REGISTER_NO_MATCH", "CREDIT_CODE_INVALID", "SCOPE_MISSING"),
                *("PURPOSE_INVALID", "PURPOSE_UNKNOWN", "AUTHENTICATION_TOO_OLD"),
            },
            "payments, messages and bills of host apps; a defect of theirs is said as ours": {
                *("HOST_BILL_NOT_READY", "HOST_BILL_UNREADABLE", "HOST_KEY_UNUSABLE", "HOST_LAUNCH_REFUSED"),
                *("HOST_MESSAGE_REFUSED", "HOST_MISCONFIGURED", "HOST_ORDER_REFUSED", "HOST_SIGNATURE_INVALID"),
                "HOST_SESSION_STALE",
            },
        },
        {"NETWORK", "HOST_APP"},
    ),
    "shared/staff_errors.js": (
        ("kernel", "auth.errors", "flows.codes", *_OURS),
        {
            "departments' and operators' commands and programs": _FILES | _KEYS | _AUDIT | {"CREDIT_CODE_INVALID"},
            "a defect, which is said as such": _HTTP,
            "the graph's, for residents who sign in": _GRAPH | {
                each.code for each in error_classes() if each.__module__ == "auth.errors"
            } - {"CREDENTIAL_REFUSED", "TOO_MANY_ATTEMPTS"},
            "residents' phones: stickers, the waitlist, draws": {
                *("HALL_STICKER_FORGED", "HALL_STICKER_RETIRED", "HALL_TOO_FAR", "HALL_POSITION_NEEDED"),
                *("APPOINTMENT_WAITLIST_REFUSED", "APPOINTMENT_WAITLIST_NEEDLESS", "APPOINTMENT_DRAW_UNKNOWN"),
            },
            "gates and their operators": {
                *("CODE_DEVICE_REFUSED", "CODE_DEVICE_UNKNOWN", "CODE_PURPOSE_UNKNOWN", "DEVICE_REFUSED"),
                *("PLACE_REFUSED", "PLACE_UNKNOWN", "SIGNED_LIST_REFUSED", "VERIFIER_UNKNOWN"),
            },
        },
        set(),
    ),
}  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_every_error_that_a_page_can_meet_has_a_text_there(page: str) -> None:
    """An error that is new in these packages gets a text, or a place among those that the page never meets."""
    packages, elsewhere, own = PAGES[page]
    codes = {each.code for each in error_classes() if each.__module__.startswith(packages)}
    never = set().union(*elsewhere.values())
    assert never <= codes, "what is listed here is an error of these packages"
    assert {code for code, _, _ in _TEXT.findall((STATIC / page).read_text())} == codes - never | own | {"OTHER"}


@pytest.mark.parametrize("page", PAGES)
def test_its_texts_are_each_in_one_language_and_say_the_same(page: str) -> None:
    for code, zh, en in _TEXT.findall((STATIC / page).read_text()):
        assert len(_CHINESE.findall(zh)) > 3, code
        assert len(en.split()) > 2, code
        assert not _CHINESE.search(en), code
        assert sorted(_SLOTS.findall(zh)) == sorted(_SLOTS.findall(en)), code


@pytest.mark.parametrize("folder", ["appointments", "hall", "desk"])
def test_no_page_shows_what_is_said_to_programs(folder: str) -> None:
    for path in (STATIC / folder).glob("*.js"):
        shown = re.sub(r"console\.\w+\(.*?\)", "", path.read_text())
        assert not re.search(r"error\.(message|fix)\b", shown), path.name


@pytest.mark.parametrize("language", ["zh", "en"])
def test_counter_and_desk_have_the_same_words_for_the_same_things(language: str) -> None:
    hall, desk = ((STATIC / page / f"texts_{language}.js").read_text() for page in ("hall", "desk"))
    for name in ("credential", "signIn", "leave", "skip"):
        word = re.compile(rf'\b{name}: "([^"]+)"')
        assert word.findall(hall) == word.findall(desk), name


def test_an_appointment_s_code_has_one_name() -> None:
    pages = "".join(path.read_text() for path in STATIC.rglob("*.js"))
    assert "预约号" in pages
    assert [word for word in ("预约码", "预约编号") if word in pages] == []
