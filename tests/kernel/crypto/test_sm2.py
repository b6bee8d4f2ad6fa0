"""SM2 by the vector of its standard, and both ways against the ``openssl`` program."""

import shutil
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from kernel.crypto import sm2
from kernel.crypto.errors import Sm2KeyError, Sm2UnavailableError

pytest.importorskip("tongsuopy", reason="the extra gm is not installed")

OPENSSL = shutil.which("openssl")
USERS = [sm2.DEFAULT_USER_ID, b"ALICE123@YAHOO.COM"]

# GM/T 0003.5 appendix A: the user is the default one, the message "message digest".
POINT = (
    "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)
SIGNATURE = bytes.fromhex(
    "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
    "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
)


def _spki(point: str) -> bytes:
    der = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004" + point)
    return b"-----BEGIN PUBLIC KEY-----\n" + b64encode(der) + b"\n-----END PUBLIC KEY-----\n"


@pytest.fixture
def pem(tmp_path: Path) -> bytes:
    serialization: Any = pytest.importorskip("tongsuopy.crypto.serialization")
    ec: Any = pytest.importorskip("tongsuopy.crypto.asymciphers.ec")
    key = ec.generate_private_key(ec.SM2())
    written: bytes = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "key.pem").write_bytes(written)
    return written


def test_the_standards_signature_is_one() -> None:
    key = sm2.public_key(_spki(POINT), "the standard's key")
    assert key.is_signed(b"message digest", SIGNATURE, form="raw")
    assert not key.is_signed(b"message digest.", SIGNATURE, form="raw")
    assert not key.is_signed(b"message digest", SIGNATURE, form="raw", user_id=b"another")
    assert not key.is_signed(b"message digest", SIGNATURE, form="der")


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("form", ["der", "raw"])
def test_what_is_signed_is_verified_in_its_form_and_for_its_user_only(pem: bytes, form: sm2.Form, user: bytes) -> None:
    key = sm2.private_key(pem, "the key")
    signature = key.sign(b"text", form=form, user_id=user)
    other: sm2.Form = "raw" if form == "der" else "der"
    assert key.public().is_signed(b"text", signature, form=form, user_id=user)
    assert not key.public().is_signed(b"text", signature, form=other, user_id=user)
    assert not key.public().is_signed(b"text", signature, form=form, user_id=b"somebody else")
    assert not key.public().is_signed(b"text!", signature, form=form, user_id=user)


@pytest.mark.parametrize("signature", [b"", b"\0" * 64, b"\xff" * 64, b"0" * 63, b"\x30\x06\x02\x01\x01\x02\x01"])
@pytest.mark.parametrize("form", ["der", "raw"])
def test_what_is_malformed_is_no_signature(pem: bytes, signature: bytes, form: sm2.Form) -> None:
    key = sm2.private_key(pem, "the key")
    assert not key.public().is_signed(b"text", signature, form=form)
    assert key.public().is_signed(b"text", key.sign(b"text", form=form), form=form)  # nothing lingers


def _openssl(folder: Path, *arguments: str) -> str:
    assert OPENSSL
    done = subprocess.run([OPENSSL, *arguments], cwd=folder, check=True, capture_output=True, text=True)  # noqa: S603 - a fixed program
    return done.stdout


@pytest.mark.skipif(not OPENSSL, reason="there is no openssl program here")
@pytest.mark.parametrize("user", USERS)
def test_openssl_and_we_verify_each_other(pem: bytes, tmp_path: Path, user: bytes) -> None:
    _openssl(tmp_path, "pkey", "-in", "key.pem", "-pubout", "-out", "public.pem")
    (tmp_path / "text").write_bytes(b"text")
    (tmp_path / "ours").write_bytes(sm2.private_key(pem, "the key").sign(b"text", form="der", user_id=user))
    option = ["-sm3", "-sigopt", f"distid:{user.decode()}"]
    said = _openssl(tmp_path, "dgst", *option, "-verify", "public.pem", "-signature", "ours", "text")
    assert said == "Verified OK\n"
    _openssl(tmp_path, "dgst", *option, "-sign", "key.pem", "-out", "theirs", "text")
    public = sm2.public_key((tmp_path / "public.pem").read_bytes(), "the public key")
    assert public.is_signed(b"text", (tmp_path / "theirs").read_bytes(), form="der", user_id=user)


def test_another_kind_of_key_is_refused_by_name(tmp_path: Path) -> None:
    for text in (b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"):
        with pytest.raises(Sm2KeyError, match=r"^the clinic's key cannot be read"):
            sm2.private_key(text, "the clinic's key")
        with pytest.raises(Sm2KeyError, match=r"^the clinic's key cannot be read"):
            sm2.public_key(text, "the clinic's key")


def test_without_the_library_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("tongsuopy")]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(Sm2UnavailableError) as raised:
        sm2.public_key(_spki(POINT), "the key")
    assert "yiwang[gm]" in raised.value.fix


def test_a_key_shows_nothing_of_itself(pem: bytes) -> None:
    key = sm2.private_key(pem, "the key")
    assert str(key._key.private_numbers().private_value) not in f"{key!r}{vars(key)}"
