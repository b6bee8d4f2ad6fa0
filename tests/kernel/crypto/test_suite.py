"""Both suites by the vectors of their standards, and what they refuse."""

import hashlib
import hmac

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import ECB
from hypothesis import given
from hypothesis import strategies as st

from kernel.crypto.suite import BY_VERSION, GM, INTL, SUITES, Suite, framed

either = pytest.mark.parametrize("suite", [INTL, GM], ids=["intl", "gm"])
AAD = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")


def test_sm3_of_abc_is_gb_t_32905s() -> None:
    assert GM.digest(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


def test_sha_256_of_abc_is_fips_180s() -> None:
    assert INTL.digest(b"abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_sm4_is_gb_t_32907s() -> None:
    block = bytes.fromhex("0123456789abcdeffedcba9876543210")
    encryptor = Cipher(SM4(block), ECB()).encryptor()  # noqa: S305 - the standard's vector is of one block
    assert encryptor.update(block).hex() == "681edf34d206965e86b3e94f536e4246"


def test_aes_256_gcm_is_nists() -> None:
    """Test case 16 of the algorithm's submission to NIST, which SP 800-38D refers to."""
    plaintext = bytes.fromhex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
    )
    key, nonce = bytes.fromhex("feffe9928665731c6d6a8f9467308308" * 2), bytes.fromhex("cafebabefacedbaddecaf888")
    sealed = INTL.seal(key, nonce, plaintext, AAD)
    assert sealed.hex() == (
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
        "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
        "76fc6ece0f4e1768cddf8853bb2d551b"
    )
    assert INTL.open(key, nonce, sealed, AAD) == plaintext


def test_sm4_gcm_is_rfc_8998s() -> None:
    """Appendix A.1."""
    key, nonce = bytes.fromhex("0123456789abcdeffedcba9876543210"), bytes.fromhex("00001234567800000000abcd")
    plaintext = bytes.fromhex("".join(digit * 16 for digit in "abcdefea"))
    sealed = GM.seal(key, nonce, plaintext, AAD)
    assert sealed.hex() == (
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
        "83de3541e4c2b58177e065a9bf7b62ec"
    )
    assert GM.open(key, nonce, sealed, AAD) == plaintext


def test_hmac_sha_256_is_rfc_4231s() -> None:
    mac = INTL.mac(b"Jefe", b"what do ya want for nothing?")
    assert mac.hex() == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"


@pytest.mark.skipif("sm3" not in hashlib.algorithms_available, reason="this Python's OpenSSL has no SM3")
def test_hmac_sm3_agrees_with_openssl() -> None:
    assert GM.mac(b"Jefe", b"data") == hmac.new(b"Jefe", b"data", "sm3").digest()


def test_keys_are_derived_as_rfc_5869_says() -> None:
    """Test case 3: neither salt nor purpose."""
    assert INTL.derive(b"\x0b" * 22, b"", 42).hex() == (
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    )


@either
def test_purposes_have_keys_of_their_own(suite: Suite) -> None:
    key = bytes(suite.key_bytes)
    assert suite.derive(key, b"a", 16) != suite.derive(key, b"b", 16)


@either
def test_an_open_value_needs_key_nonce_and_context(suite: Suite) -> None:
    key, nonce = bytes(suite.key_bytes), bytes(12)
    sealed = suite.seal(key, nonce, b"text", b"context")
    wrong_key, wrong_nonce = b"\1" * suite.key_bytes, b"\1" * 12
    for attempt in ((wrong_key, nonce, sealed, b"context"), (key, wrong_nonce, sealed, b"context")):
        with pytest.raises(InvalidTag):
            suite.open(*attempt)
    for sealed_otherwise, context in ((sealed, b"other"), (sealed[:-1], b"context"), (sealed[:5], b"context")):
        with pytest.raises(InvalidTag):
            suite.open(key, nonce, sealed_otherwise, context)


@either
def test_a_key_of_another_length_is_refused(suite: Suite) -> None:
    with pytest.raises(ValueError, match=f"a key of {suite.key_bytes} bytes is needed, not of 24"):
        suite.seal(bytes(24), bytes(12), b"", b"")
    with pytest.raises(ValueError, match="is needed"):
        suite.open(bytes(24), bytes(12), bytes(16), b"")


def test_versions_are_what_is_stored_and_stay() -> None:
    assert {suite.version: suite.name for suite in BY_VERSION.values()} == {1: "intl", 2: "gm"}
    assert {name: suite.name for name, suite in SUITES.items()} == {"intl": "intl", "gm": "gm"}


@given(st.lists(st.text()), st.lists(st.text()))
def test_no_two_lists_are_framed_alike(one: list[str], other: list[str]) -> None:
    assert (framed(*one) == framed(*other)) == (one == other)
