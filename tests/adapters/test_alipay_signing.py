import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters import rsa
from adapters.alipay.certificates import cert_sn, root_cert_sn
from adapters.alipay.reply import split
from adapters.alipay.signing import (
    encrypt_content,
    open_content,
    open_phone_number,
    sign_request,
    signing_string,
    verify_notice,
    verify_text,
)
from adapters.errors import HostKeyError, SignatureRefusedError
from tests.adapters.platform_vectors import VECTORS, needed, published_key

CERTIFICATES = ("appCertPublicKey_2021001161683774.crt", "alipayCertPublicKey_RSA2.crt")
AES_KEY = "aYA0GP8JEW+D7/UFaskCWA=="


def platform_key(given: dict[str, Any]) -> Any:
    return rsa.public_key(given["alipay_public_key_der_b64"].encode(), "Alipay's key")


@needed
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.case(f"vec:alipay.cert_sn.{name}")) for name in CERTIFICATES]
)
def test_published_certificate_numbers(name: str) -> None:
    given_ = VECTORS[f"alipay.cert_sn.{name}"]
    pem = given_["certificate_pem"].encode()
    assert cert_sn(pem) == given_["expected_sn"]
    assert cert_sn(pem.replace(b"\n", b"\r\n")) == given_["expected_sn"]


@needed
@pytest.mark.case("vec:alipay.root_cert_sn")
def test_published_root_bundle_with_its_unreadable_certificate() -> None:
    given_ = VECTORS["alipay.root_cert_sn"]
    bundle = given_["root_chain_pem"].encode()
    assert root_cert_sn(bundle) == given_["expected_sn"]
    assert root_cert_sn(bundle.replace(b"\n", b"\r\n")) == given_["expected_sn"]


def test_what_is_no_certificate_is_said() -> None:
    with pytest.raises(HostKeyError, match="cannot be read"):
        cert_sn(b"no certificate")
    with pytest.raises(HostKeyError, match="no RSA certificate"):
        root_cert_sn(b"no bundle")


@needed
@pytest.mark.case("vec:alipay.notify.trade_status_sync")
def test_published_trade_notice() -> None:
    given_ = VECTORS["alipay.notify.trade_status_sync"]
    notice: dict[str, str] = given_["params"]
    assert signing_string(notice, "sign", "sign_type") == given_["expected_signing_string"]
    verify_notice(platform_key(given_), notice)
    for change in ({"total_amount": "0.11"}, {"sign": ""}, {"sign": notice["sign"].replace("+", " ")}, {"extra": "1"}):
        with pytest.raises(SignatureRefusedError):
            verify_notice(platform_key(given_), notice | change)


@needed
@pytest.mark.case("vec:alipay.notify.servicemarket")
def test_messages_of_the_platform_are_signed_with_their_sign_type() -> None:
    message = {"method": "alipay.open.servicemarket.order.notify", "notify_type": "servicemarket_order_notify"}
    message |= {"sign_type": "RSA2", "charset": "utf-8"}
    key = published_key()
    with_type = rsa.sign(key, signing_string(message).encode())
    verify_notice(key.public_key(), message | {"sign": with_type})
    without_type = rsa.sign(key, signing_string(message, "sign_type").encode())
    with pytest.raises(SignatureRefusedError):
        verify_notice(key.public_key(), message | {"sign": without_type})


@needed
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.case(f"vec:{name}"))
        for name in ("alipay.response.file_upload", "self.alipay.trade_create.response", "self.alipay.response.trap")
    ],
)
def test_replies_are_verified_over_their_own_characters(name: str) -> None:
    given_ = VECTORS[name]
    key = platform_key(given_) if "alipay_public_key_der_b64" in given_ else published_key().public_key()
    reply = split(given_["raw_response"])
    assert reply.text == given_["expected_signed_text"]
    verify_text(key, reply.text, reply.signature)
    with pytest.raises(SignatureRefusedError):
        verify_text(key, json.dumps(json.loads(reply.text)), reply.signature)


@needed
@pytest.mark.case("vec:alipay.aes.key_format")
def test_encrypted_content() -> None:
    given_ = VECTORS["alipay.aes.key_format"]
    content = encrypt_content(given_["aes_key_b64"], given_["plaintext"].encode())
    assert content == given_["expected_ciphertext_b64"]
    assert open_content(given_["aes_key_b64"], content).decode() == given_["plaintext"]


@needed
@pytest.mark.case("vec:self.alipay.trade_create.request")
def test_a_request_is_signed_with_every_parameter() -> None:
    given_ = VECTORS["self.alipay.trade_create.request"]
    assert signing_string(given_["params"], "sign") == given_["expected_signing_string"]
    assert sign_request(published_key(), given_["params"]) == given_["expected_sign"]
    assert sign_request(published_key(), given_["params"] | {"empty": "", "sign": "x"}) == given_["expected_sign"]


@needed
@pytest.mark.case("vec:self.alipay.getphonenumber")
def test_a_phone_number_is_verified_in_quotes_then_opened() -> None:
    given_ = VECTORS["self.alipay.getphonenumber"]
    key, sent = published_key().public_key(), given_["client_response"]
    clear = open_phone_number(key, given_["aes_key_b64"], sent["response"], sent["sign"])
    assert clear.decode() == given_["expected_plaintext"]
    with pytest.raises(SignatureRefusedError, match="not signed"):
        open_phone_number(key, given_["aes_key_b64"], sent["response"] + "A", sent["sign"])


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=12)
    | st.sampled_from(['"sign":"x"', "}{", "\\/", "]"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
SPACE = st.sampled_from(["", " ", "\n", "\t \r\n"])


@given(JSON, SPACE, st.booleans(), st.booleans())
def test_any_value_is_cut_out_as_it_stands(value: object, space: str, ascii_only: bool, sign_first: bool) -> None:  # noqa: FBT001 - Hypothesis gives them
    text = json.dumps(value, ensure_ascii=ascii_only, indent=2 if space else None).replace("/", "\\/")
    members = [f'"alipay_trade_query_response"{space}:{space}{text}', f'"sign"{space}:"c2ln"']
    reply = split(f"{space}{{{space}{f'{space},{space}'.join(reversed(members) if sign_first else members)}{space}}}")
    assert (reply.method, reply.text, reply.signature) == ("alipay_trade_query", text, "c2ln")


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "<html>",
        "null",
        "[]",
        "{}",
        '{"sign":"x"}',
        '{"a_response":{}',
        '{"a_response":{}} tail',
        '{"a_response":{},"a_response":{}}',
        '{"a_response":{},"b_response":{}}',
        '{"a_response":{},"sign":"x","sign":"y"}',
        '{"a_response":' + "[" * 100_000,
        "{1:2}",
    ],
)
def test_what_is_no_reply_is_refused(raw: str) -> None:
    with pytest.raises(SignatureRefusedError):
        split(raw)


@given(st.text(max_size=80))
@settings(max_examples=200)
def test_no_text_crashes_the_cutting(raw: str) -> None:
    try:
        split(raw)
    except SignatureRefusedError as error:
        assert error.fix  # noqa: PT017 - most texts are refused, and each refusal says what to do


def test_gateway_errors_come_without_a_signature() -> None:
    reply = split('{"error_response":{"code":"40002","sub_code":"isv.invalid-app-id"}}')
    assert (reply.method, reply.signature, reply.cert_sn) == ("error", "", "")
