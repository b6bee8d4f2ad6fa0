"""TLS as departments have it: a private authority, client certificates, and everything that must not be trusted."""

import asyncio
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from gateway.upstream.errors import UpstreamError, UpstreamRedirectError, UpstreamResetError, UpstreamUnreachableError
from gateway.upstream.resolver import Resolver
from tests.upstream.conftest import MakeUpstream, StartDepartment, get
from tests.upstream.department import Do, answer

CONFIG = """
[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[old_ca]
basicConstraints = critical,CA:TRUE
[server]
subjectAltName = IP:127.0.0.1,DNS:parking.gov.cn
authorityKeyIdentifier = keyid
[client]
extendedKeyUsage = clientAuth
authorityKeyIdentifier = keyid
"""


class Authority:
    """A certificate authority in a folder, by the openssl command."""

    def __init__(self, folder: Path, section: str = "ca") -> None:
        self._folder = folder
        folder.mkdir()
        (folder / "openssl.cnf").write_text(CONFIG, encoding="utf-8")
        self.certificate = folder / "ca.pem"
        self._run("req", "-x509", "-subj", "/CN=City CA", *self._key("ca"), "-extensions", section, "-out", "ca.pem")

    def issue(self, section: str) -> tuple[Path, Path]:
        """Return the paths of a new certificate and its key."""
        self._run("req", "-new", "-subj", f"/CN={section}", *self._key(section), "-out", f"{section}.csr")
        self._run(
            *("x509", "-req", "-in", f"{section}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"),
            *("-extfile", "openssl.cnf", "-extensions", section, "-days", "2", "-out", f"{section}.pem"),
        )
        return self._folder / f"{section}.pem", self._folder / f"{section}.key"

    def server_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*self.issue("server"))
        return context

    def _key(self, name: str) -> tuple[str, ...]:
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
        return (*curve, "-nodes", "-keyout", f"{name}.key", "-config", "openssl.cnf", "-days", "2")

    def _run(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self._folder, check=True, capture_output=True)  # noqa: S603, S607 - a test's own command


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    if not shutil.which("openssl"):
        pytest.skip("the openssl command is not installed")
    return Authority(tmp_path_factory.mktemp("tls") / "ca")


@pytest.fixture
def resolver() -> Resolver:
    return Resolver(lambda _host, _port: ["127.0.0.1"])


async def test_a_private_authority_is_trusted_where_it_is_named(
    department: StartDepartment, upstream: MakeUpstream, authority: Authority
) -> None:
    one = await department(lambda _: [answer(b"x" * 100_000)], tls=authority.server_context())
    service = upstream(one, ca=str(authority.certificate))
    for _ in range(3):
        assert len((await get(service)).body) == 100_000
    assert one.accepted == 1
    with pytest.raises(UpstreamUnreachableError, match=r"no .*connection could be made"):
        await get(upstream(one))


async def test_the_certificate_must_have_the_name(
    department: StartDepartment, upstream: MakeUpstream, authority: Authority
) -> None:
    one = await department(lambda _: [answer()], tls=authority.server_context())
    ca = str(authority.certificate)
    assert (await get(upstream(f"https://parking.gov.cn:{one.port}", ca=ca))).status == 200
    with pytest.raises(UpstreamUnreachableError):
        await get(upstream(f"https://registry.gov.cn:{one.port}", ca=ca))


async def test_a_client_certificate_is_shown(
    department: StartDepartment, upstream: MakeUpstream, authority: Authority
) -> None:
    context = authority.server_context()
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.certificate)
    one = await department(lambda _: [answer(b"[1]")], tls=context)
    certificate, key = authority.issue("client")
    ca = str(authority.certificate)
    assert (await get(upstream(one, ca=ca, cert=str(certificate), key=str(key)))).body == b"[1]"
    with pytest.raises(UpstreamError):
        await get(upstream(one, ca=ca), method="POST")


async def test_an_authority_without_key_usage_needs_a_word(
    department: StartDepartment, upstream: MakeUpstream, authority: Authority, tmp_path: Path
) -> None:
    old = Authority(tmp_path / "old", "old_ca")
    one = await department(lambda _: [answer()], tls=old.server_context())
    assert (await get(upstream(one, ca=str(old.certificate), legacy_ca=True))).status == 200


@pytest.mark.parametrize("client", ["native"])
async def test_a_handshake_may_be_cancelled_at_every_step(
    department: StartDepartment, upstream: MakeUpstream, authority: Authority
) -> None:
    one = await department(lambda _: [answer()], tls=authority.server_context())
    for steps in range(60):
        service = upstream(one, ca=str(authority.certificate))
        call = asyncio.create_task(get(service))
        for _ in range(steps):
            await asyncio.sleep(0)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        await service.close()
    await one.until(lambda: one.open == 0)


async def test_old_protocols_are_refused(
    department: StartDepartment, upstream: MakeUpstream, authority: Authority
) -> None:
    context = authority.server_context()
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    one = await department(lambda _: [answer()], tls=context)
    with pytest.raises(UpstreamUnreachableError):
        await get(upstream(one, ca=str(authority.certificate)))


async def test_a_missing_file_is_an_error_of_its_service(upstream: MakeUpstream, department: StartDepartment) -> None:
    with pytest.raises(UpstreamUnreachableError, match="certificate files"):
        await get(upstream("https://127.0.0.1:1", ca="/nowhere.pem"))


@pytest.mark.parametrize("client", ["native"])
async def test_a_cut_answer_is_noticed(
    department: StartDepartment, upstream: MakeUpstream, authority: Authority
) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n[1,"
    one = await department(lambda _: [head, 0.02, Do.RESET], tls=authority.server_context())
    with pytest.raises(UpstreamResetError):
        await get(upstream(one, ca=str(authority.certificate)))


async def test_a_redirect_never_leaves_tls(
    department: StartDepartment, upstream: MakeUpstream, authority: Authority
) -> None:
    plain = await department(lambda _: [answer()])
    one = await department(
        lambda _: [answer(b"", "302 Found", f"location: {plain.url}/\r\n")], tls=authority.server_context()
    )
    with pytest.raises(UpstreamRedirectError, match="https to http"):
        await get(upstream(one, ca=str(authority.certificate)))
    assert plain.accepted == 0
