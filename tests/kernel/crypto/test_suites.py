"""Both suites against published vectors, and what they refuse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.crypto.errors import SealBrokenError
from kernel.crypto.suites import GM, INTL, Suite

SUITES = pytest.mark.parametrize("suite", [INTL, GM], ids=["intl", "gm"])


def test_sm3_digests_abc_as_gb_t_32905_says() -> None:
    assert GM.digest(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


def test_sha_256_digests_abc_as_fips_180_says() -> None:
    assert INTL.digest(b"abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_sm4_gcm_seals_as_rfc_8998_says() -> None:
    """Appendix A.1."""
    plain = b"".join(bytes([byte]) * 8 for byte in (0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF, 0xEE, 0xAA))
    sealed = GM.seal(
        bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"),
        bytes.fromhex("00001234567800000000ABCD"),
        plain,
        bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2"),
    )
    assert sealed.hex().upper() == (
        "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735"
        "D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D"
        "83DE3541E4C2B58177E065A9BF7B62EC"
    )


def test_aes_256_gcm_seals_as_the_gcm_specification_says() -> None:
    """Test case 16 of McGrew and Viega's specification."""
    sealed = INTL.seal(
        bytes.fromhex("feffe9928665731c6d6a8f9467308308" * 2),
        bytes.fromhex("cafebabefacedbaddecaf888"),
        bytes.fromhex(
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
            "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
        ),
        bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
    )
    assert sealed.hex() == (
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
        "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
        "76fc6ece0f4e1768cddf8853bb2d551b"
    )


@SUITES
@given(plain=st.binary(max_size=100), bound=st.binary(max_size=30), at=st.integers(0), bit=st.integers(0, 7))
def test_one_changed_bit_is_found(suite: Suite, plain: bytes, bound: bytes, at: int, bit: int) -> None:
    key, nonce = b"k" * suite.key_bytes, b"n" * 12
    sealed = bytearray(suite.seal(key, nonce, plain, bound))
    assert suite.open(key, nonce, bytes(sealed), bound) == plain
    sealed[at % len(sealed)] ^= 1 << bit
    with pytest.raises(SealBrokenError):
        suite.open(key, nonce, bytes(sealed), bound)
    with pytest.raises(SealBrokenError):
        suite.open(key, nonce, b"short", bound)
