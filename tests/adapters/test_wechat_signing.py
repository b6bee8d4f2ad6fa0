from base64 import b64encode
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import envelope
from adapters.errors import HostKeyError, SessionStaleError, SignatureRefusedError
from adapters.push import PushCipher, is_pushed, push_signature
from adapters.wechat.signing import is_raw_data, open_user_data, raw_data_signature, session_signature
from tests.adapters.platform_vectors import VECTORS, needed

KEY, IV, APP = bytes(range(16)), bytes(16), "wx0123456789abcdef"


def sealed(data: object, app: str = APP) -> dict[str, str]:
    clear = msgspec.json.encode({"watermark": {"appid": app, "timestamp": 1}, "data": data})
    return {
        "encrypted_data": b64encode(envelope.encrypt(KEY, IV, clear)).decode(),
        "iv": b64encode(IV).decode(),
        "session_key": b64encode(KEY).decode(),
    }


@needed
@pytest.mark.case("vec:wechat.encryptedData.demo")
def test_published_user_data_opens() -> None:
    given_ = VECTORS["wechat.encryptedData.demo"]
    names = ("encrypted_data", "iv", "session_key", "app_id")
    assert open_user_data(*(given_[name] for name in names)) == msgspec.json.decode(given_["expected_plaintext"])


@needed
@pytest.mark.case("vec:wechat.rawData.signature.demo")
def test_published_raw_data_signature() -> None:
    given_ = VECTORS["wechat.rawData.signature.demo"]
    assert raw_data_signature(given_["raw_data"], given_["session_key"]) == given_["expected_signature"]
    assert is_raw_data(given_["raw_data"], given_["session_key"], given_["expected_signature"])
    assert not is_raw_data(given_["raw_data"] + " ", given_["session_key"], given_["expected_signature"])


@needed
@pytest.mark.case("vec:self.wechat.checksession")
def test_session_signature_in_both_readings() -> None:
    given_ = VECTORS["self.wechat.checksession"]
    assert session_signature(given_["session_key"]) == given_["signature_if_text_key"]
    assert session_signature(given_["session_key"], decoded=True) == given_["signature_if_decoded_key"]


@needed
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.case(f"vec:{name}"))
        for name in ("wechat.push.verify_get", "wechat.push.plain_post")
    ],
)
def test_published_push_signatures(name: str) -> None:
    given_ = VECTORS[name]
    parts = (given_["token"], given_["timestamp"], given_["nonce"])
    assert is_pushed(given_["expected_signature"], *parts)
    assert not is_pushed(given_["expected_signature"], "BBBBB", *parts[1:])


@needed
@pytest.mark.case("vec:wechat.push.secure_post")
def test_published_secure_message_opens() -> None:
    given_ = VECTORS["wechat.push.secure_post"]
    cipher = PushCipher(given_["token"], given_["encoding_aes_key"], given_["app_id"])
    where = (given_["timestamp"], given_["nonce"])
    assert cipher.open(given_["encrypt"], given_["expected_msg_signature"], *where) == given_["expected_msg"].encode()
    with pytest.raises(SignatureRefusedError):  # the URL's own signature is right, and covers no body
        cipher.open(given_["encrypt"], given_["url_signature_param"], *where)


@needed
@pytest.mark.case("vec:wechat.push.secure_reply")
def test_published_secure_reply() -> None:
    given_ = VECTORS["wechat.push.secure_reply"]
    cipher = PushCipher(given_["token"], given_["encoding_aes_key"], given_["app_id"])
    random, message = given_["random16"].encode(), given_["reply_plaintext"].encode()
    reply = cipher.reply(message, given_["timestamp"], given_["nonce"], random)
    assert (reply.encrypted, reply.signature) == (given_["expected_encrypt"], given_["expected_msg_signature"])


def test_data_of_another_app_is_refused() -> None:
    with pytest.raises(SignatureRefusedError, match="another app"):
        open_user_data(**sealed({}, "wxother"), app_id=APP)
    assert open_user_data(**sealed({"a": 1}), app_id=APP)["data"] == {"a": 1}


@pytest.mark.parametrize(
    "changed",
    [
        {"session_key": b64encode(bytes(16)).decode()},
        {"session_key": "not base64"},
        {"session_key": b64encode(b"short").decode()},
        {"iv": ""},
        {"encrypted_data": ""},
        {"encrypted_data": b64encode(bytes(15)).decode()},
    ],
)
def test_whatever_cannot_be_opened_means_sign_in_again(changed: dict[str, str]) -> None:
    with pytest.raises(SessionStaleError, match="cannot be opened"):
        open_user_data(**sealed({}) | changed, app_id=APP)


@pytest.mark.parametrize("clear", [b"[]", b"\xff\xfe", b"null", b"{}"])
def test_well_decrypted_nonsense_is_refused(clear: bytes) -> None:
    data = b64encode(envelope.encrypt(KEY, IV, clear)).decode()
    with pytest.raises((SessionStaleError, SignatureRefusedError)):
        open_user_data(data, b64encode(IV).decode(), b64encode(KEY).decode(), APP)


@given(st.binary(max_size=200), st.binary(min_size=16, max_size=16))
def test_envelopes_open_for_their_app_alone(data: bytes, random: bytes) -> None:
    key = bytes(range(32))
    closed = envelope.seal(key, key[:16], data, APP, random)
    assert len(closed) % 16 == 0
    assert envelope.unseal(key, key[:16], closed, APP) == data
    with pytest.raises(ValueError, match="another app"):
        envelope.unseal(key, key[:16], closed, "wxother")


def test_an_envelope_that_lies_about_its_length_is_refused() -> None:
    key = bytes(32)
    lying = envelope.encrypt(key, key[:16], bytes(16) + (999).to_bytes(4) + b"data" + APP.encode(), 256)
    with pytest.raises(ValueError, match="shorter than it says"):
        envelope.unseal(key, key[:16], lying, APP)


@given(st.text(max_size=60), st.text(max_size=60))
def test_forged_messages_are_refused_whatever_they_hold(encrypted: str, signature: str) -> None:
    cipher = PushCipher("token", "A" * 43, APP)
    with pytest.raises(SignatureRefusedError):
        cipher.open(encrypted, signature, "1", "2")
    with pytest.raises(SignatureRefusedError):  # well signed, but no envelope
        cipher.open(encrypted, push_signature("token", "1", "2", encrypted), "1", "2")


@pytest.mark.parametrize("key", ["", "A" * 42, "A" * 44, "!" * 43])
def test_a_message_key_that_is_none_is_said_at_start(key: str) -> None:
    with pytest.raises(HostKeyError, match="EncodingAESKey"):
        PushCipher("token", key, APP)


def test_a_reply_opens_again() -> None:
    cipher: Any = PushCipher("token", "A" * 43, APP)
    reply = cipher.reply("好".encode(), "1", "2", bytes(16))
    assert cipher.open(reply.encrypted, reply.signature, reply.timestamp, reply.nonce).decode() == "好"
