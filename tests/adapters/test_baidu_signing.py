from typing import Any

import msgspec
import pytest

from adapters import rsa
from adapters.baidu.signing import open_user_data, sign_order, signing_string, verify_notice
from adapters.errors import SessionStaleError, SignatureRefusedError
from tests.adapters.platform_vectors import VECTORS, needed, published_key


@needed
@pytest.mark.case("vec:baidu.userdata.demo")
def test_published_user_data_opens() -> None:
    given = VECTORS["baidu.userdata.demo"]
    data, iv, key = (given[name] for name in ("ciphertext", "iv", "session_key"))
    assert open_user_data(data, iv, key, given["app_key"]) == msgspec.json.decode(given["expected_plaintext"])
    with pytest.raises(SessionStaleError):
        open_user_data(data, iv, key, "another app's key")


@needed
@pytest.mark.case("vec:baidu.sign.canonical")
def test_published_signing_string() -> None:
    given = VECTORS["baidu.sign.canonical"]
    assert signing_string(given["params"]) == given["expected_signing_string"]


@needed
@pytest.mark.case("vec:self.baidu.orderinfo.rsasign")
def test_an_order_is_signed_over_its_four_fields() -> None:
    given = VECTORS["self.baidu.orderinfo.rsasign"]
    more = {"dealTitle": "停车", "signFieldsRange": "1"}
    assert sign_order(published_key(), given["params"] | more) == given["expected_rsaSign"]


@needed
@pytest.mark.case("vec:self.baidu.notify")
def test_a_notice_is_verified_over_empty_values_too() -> None:
    given = VECTORS["self.baidu.notify"]
    form: dict[str, str] = given["params"]
    key = published_key().public_key()
    assert signing_string(form) == given["expected_signing_string"]
    verify_notice(key, form)
    without_empty = {name: value for name, value in form.items() if value}
    forged: list[Any] = [without_empty, form | {"payMoney": "1"}, form | {"rsaSign": ""}, form | {"extra": ""}]
    for each in forged:
        with pytest.raises(SignatureRefusedError):
            verify_notice(key, each)


@needed
def test_baidus_digest_is_no_one_elses() -> None:
    key = published_key()
    weak = rsa.sign(key, b"text", "sha1")
    assert rsa.is_signed(key.public_key(), b"text", weak, "sha1")
    assert not rsa.is_signed(key.public_key(), b"text", weak)
