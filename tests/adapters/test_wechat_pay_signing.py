from typing import Any

import msgspec
import pytest

from adapters import rsa
from adapters.errors import HostKeyError, SignatureRefusedError
from adapters.wechat_pay.signing import (
    SCHEME,
    Merchant,
    Resource,
    SignedHead,
    SignedRequest,
    UnknownSerialError,
    authorization,
    open_resource,
    pay_sign,
    request_message,
    seal_resource,
    verify,
)
from tests.adapters.platform_vectors import VECTORS, needed, published_key

KEY = b"0123456789abcdef0123456789ABCDEF"
NOTICE = "self.wechatpay.notify.transaction"


def head(given: dict[str, Any]) -> SignedHead:
    name = "Wechatpay-"
    headers = given["headers"]
    timestamp, nonce, signature, serial = (
        headers[name + part] for part in ("Timestamp", "Nonce", "Signature", "Serial")
    )
    return SignedHead(timestamp, nonce, signature, serial, headers.get(name + "Signature-Type", SCHEME))


def request_of(given: dict[str, Any]) -> SignedRequest:
    body = given["body_utf8"].encode()
    return SignedRequest(given["method"], given["url"], given["timestamp"], given["nonce_str"], body)


def resource(body: str) -> Resource:
    return msgspec.convert(msgspec.json.decode(body)["resource"], Resource)


def notice() -> tuple[SignedHead, bytes, dict[str, Any]]:
    """A callback of WeChat Pay, its body, and the keys that we have."""
    given = VECTORS[NOTICE]
    public = published_key().public_key()
    keys = {"D7CE59D1F522D701": public, "PUB_KEY_ID_0112300001092026112200000001": public}
    return head(given), given["body_utf8"].encode(), keys


@needed
@pytest.mark.case("vec:wechatpay.sha256rsa.source")
def test_published_signature() -> None:
    given = VECTORS["wechatpay.sha256rsa.source"]
    assert rsa.sign(published_key(), given["message"].encode()) == given["expected_signature"]


@needed
@pytest.mark.case("vec:wechatpay.aesgcm.hello")
def test_published_resource_opens() -> None:
    given = VECTORS["wechatpay.aesgcm.hello"]
    sealed = Resource(given["ciphertext"], given["nonce"], given["associated_data"])
    assert open_resource(sealed, given["key"].encode()) == given["expected_plaintext"].encode()


@needed
@pytest.mark.case("vec:wechatpay.authorization.message")
def test_published_request_text() -> None:
    given = VECTORS["wechatpay.authorization.message"]
    request = SignedRequest(given["method"], given["canonical_url"], given["timestamp"], given["nonce"])
    assert request_message(request) == given["expected_message"].encode()


@needed
@pytest.mark.case("vec:wechatpay.notify.payscore")
def test_published_callback_verifies_by_its_certificate_and_opens() -> None:
    given = VECTORS["wechatpay.notify.payscore"]
    certificate = rsa.public_key(given["platform_certificate_pem"].encode(), "the certificate")
    signed, body = head(given), given["body"].encode()
    verify(signed, body, {signed.serial: certificate}, 1624523846)
    clear = open_resource(resource(given["body"]), given["apiv3_key"].encode())
    assert clear.decode() == given["expected_resource_plaintext"]


@needed
@pytest.mark.case("vec:self.wechatpay.jsapi.request")
def test_a_post_is_signed_over_the_bytes_of_its_body() -> None:
    given = VECTORS["self.wechatpay.jsapi.request"]
    merchant = Merchant(given["mchid"], given["serial_no"], published_key())
    assert authorization(merchant, request_of(given)) == given["expected_header"]


@needed
@pytest.mark.case("vec:self.wechatpay.get_chinese_query")
def test_a_get_is_signed_over_its_percent_encoded_target() -> None:
    given = VECTORS["self.wechatpay.get_chinese_query"]
    text = request_message(request_of(given))
    assert text == given["expected_message"].encode()
    assert rsa.sign(published_key(), text) == given["expected_signature"]


@needed
@pytest.mark.case("vec:self.wechatpay.paysign")
def test_what_the_client_pays_with_is_signed() -> None:
    given = VECTORS["self.wechatpay.paysign"]
    names = ("appId", "timeStamp", "nonceStr", "package")
    assert pay_sign(published_key(), *(given[name] for name in names)) == given["expected_paySign"]


@needed
@pytest.mark.case(f"vec:{NOTICE}")
@pytest.mark.parametrize("serial", ["D7CE59D1F522D701", "PUB_KEY_ID_0112300001092026112200000001"])
def test_certificate_and_public_key_verify_side_by_side(serial: str) -> None:
    signed, body, keys = notice()
    verify(msgspec.structs.replace(signed, serial=serial), body, keys, 1764502402)
    given = VECTORS[NOTICE]
    assert open_resource(resource(given["body_utf8"]), KEY).decode() == given["expected_resource_plaintext"]


@needed
@pytest.mark.case("vec:self.wechatpay.signtest_probe")
def test_a_probe_is_refused_like_any_bad_signature() -> None:
    _, body, keys = notice()
    with pytest.raises(SignatureRefusedError, match="not signed by WeChat Pay"):
        verify(head(VECTORS["self.wechatpay.signtest_probe"]), body, keys, 1764502402)


@needed
@pytest.mark.parametrize("drift", [-299, 299])
def test_what_is_less_than_five_minutes_off_is_judged_by_its_signature(drift: int) -> None:
    signed, body, keys = notice()
    verify(signed, body, keys, 1764502402 + drift)


@needed
@pytest.mark.parametrize("drift", [-300, 300, 10**9])
def test_genuine_messages_of_another_time_are_refused(drift: int) -> None:
    signed, body, keys = notice()
    with pytest.raises(SignatureRefusedError, match="not of the last 300 s"):
        verify(signed, body, keys, 1764502402 + drift)


@needed
@pytest.mark.parametrize(
    "changed",
    [
        {"timestamp": "1764502403"},
        {"timestamp": ""},
        {"timestamp": "1" * 5000},
        {"timestamp": "１７６４５０２４０２"},
        {"nonce": "other"},
        {"signature": ""},
        {"kind": "WECHATPAY2-SM2-WITH-SM3"},
    ],
)
def test_any_change_of_the_head_is_refused(changed: dict[str, str]) -> None:
    signed, body, keys = notice()
    with pytest.raises(SignatureRefusedError):
        verify(msgspec.structs.replace(signed, **changed), body, keys, 1764502402)
    with pytest.raises(SignatureRefusedError):
        verify(signed, body.replace(b"SUCCESS", b"success"), keys, 1764502402)


@needed
def test_an_unknown_serial_is_an_error_of_its_own() -> None:
    signed, body, _ = notice()
    with pytest.raises(UnknownSerialError, match="a key that we do not have"):
        verify(signed, body, {}, 1764502402)


@pytest.mark.parametrize("changed", [{"nonce": "000000000000"}, {"ciphertext": "AAAA"}, {"associated_data": None}])
def test_a_changed_resource_does_not_open(changed: dict[str, Any]) -> None:
    sealed = seal_resource(b"{}", KEY, "Kj7QIyUiYx1q", "transaction")
    assert open_resource(sealed, KEY) == b"{}"
    with pytest.raises(SignatureRefusedError, match="APIv3 key"):
        open_resource(msgspec.structs.replace(sealed, **changed), KEY)


def test_no_secret_in_a_merchants_repr_and_no_traceback_for_a_bad_key() -> None:
    with pytest.raises(HostKeyError, match="the merchant's key cannot be read"):
        rsa.private_key(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "the merchant's key")
    with pytest.raises(HostKeyError, match="the platform's key"):
        rsa.public_key(b"MIIB", "the platform's key")
