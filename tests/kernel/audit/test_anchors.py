"""The periodic task anchors the head in the table and in an outside file, signed; a cut tail is found by either."""

import asyncio
import shutil
import subprocess
from base64 import b64decode
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from redis.asyncio import Redis

from kernel.audit.anchors import kept, key_id, private_key, public_keys
from kernel.audit.entries import Event, append
from kernel.audit.errors import AnchorFileError, AuditKeyError
from kernel.audit.tasks import anchor_head
from kernel.audit.verify import Report, verify
from kernel.celery import TaskContext
from kernel.clock import SystemClock
from kernel.database import Database
from kernel.settings import Settings
from tests.kernel.audit.chains import meddling, rewrite_from

EVENT = Event(actor="operator:1", action="credential.issued", object="credential:0a1b")


def write_key(path: Path, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> None:
    plain = serialization.NoEncryption()
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Where anchors are kept, and the key that signs them."""
    write_key(tmp_path / "audit.pem", ec.generate_private_key(ec.SECP256R1()))
    return tmp_path / "anchors.jsonl", tmp_path / "audit.pem"


@pytest.fixture
def context(database: Database, redis: Redis, settings: Settings, files: tuple[Path, Path]) -> TaskContext:
    changed = msgspec.structs.replace(settings, audit_anchor_file=str(files[0]), audit_key_file=str(files[1]))
    return TaskContext(changed, database, redis, SystemClock())


async def entries(database: Database, number: int) -> None:
    for _ in range(number):
        async with database.session() as session:
            await append(session, SystemClock(), EVENT)


async def check(context: TaskContext, files: tuple[Path, Path]) -> Report:
    async with context.database.pool.acquire() as connection:
        return await verify(connection, {str(files[0]): kept(files[0])}, public_keys([files[1]]))


async def test_each_anchor_is_in_the_table_and_in_the_file(context: TaskContext, files: tuple[Path, Path]) -> None:
    await anchor_head(context)
    assert not files[0].exists()  # an empty log has nothing to anchor
    for number in (3, 2):
        await entries(context.database, number)
        await anchor_head(context)
        await anchor_head(context)  # nothing has happened since
    rows = await context.database.pool.fetch("SELECT * FROM audit_anchor ORDER BY seq")
    lines = kept(files[0])
    assert [row["seq"] for row in rows] == [each.seq for each in lines] == [3, 5]
    assert [row["hash"].hex() for row in rows] == [each.hash for each in lines]
    assert [row["signature"] for row in rows] == [each.signature for each in lines]
    assert {each.key_id for each in lines} == {key_id(private_key(files[1]).public_key())}
    report = await check(context, files)
    assert (report.findings, report.anchors, report.signed_anchors) == ([], 2, 4)
    assert files[0].stat().st_mode & 0o007 == 0


async def test_workers_that_anchor_at_once_write_one_anchor(context: TaskContext, files: tuple[Path, Path]) -> None:
    await entries(context.database, 2)
    await asyncio.gather(*(anchor_head(context) for _ in range(6)))
    assert [each.seq for each in kept(files[0])] == [2]


async def test_a_cut_tail_is_found_though_the_table_was_cut_too(
    context: TaskContext, files: tuple[Path, Path], caplog: pytest.LogCaptureFixture
) -> None:
    await entries(context.database, 5)
    await anchor_head(context)
    async with meddling(context.database) as connection:
        await connection.execute("DELETE FROM audit_entry WHERE seq > 3")
        await rewrite_from(connection, 3)
    await anchor_head(context)
    assert "the audit log does not fit its latest anchor" in caplog.text
    caplog.clear()
    async with meddling(context.database) as connection:
        await connection.execute("TRUNCATE audit_anchor")
    await anchor_head(context)
    assert caplog.text == ""  # whoever changes everything in the database is found by the file only
    assert [(each.kind, each.seq, each.last) for each in (await check(context, files)).findings] == [("cut", 4, 5)]


async def test_a_chain_written_anew_is_an_alarm_and_goes_on_being_anchored(
    context: TaskContext, files: tuple[Path, Path], caplog: pytest.LogCaptureFixture
) -> None:
    await entries(context.database, 3)
    await anchor_head(context)
    async with meddling(context.database) as connection:
        await connection.execute("UPDATE audit_entry SET actor = 'operator:2' WHERE seq = 2")
        await rewrite_from(connection, 2)
    await entries(context.database, 1)
    await anchor_head(context)
    assert "the audit log does not fit its latest anchor" in caplog.text
    assert [each.seq for each in kept(files[0])] == [3, 4]
    found = (await check(context, files)).findings
    assert [(each.kind, each.seq, each.last) for each in found] == [("rewritten", 1, 3)]


async def test_a_file_that_cannot_be_written_leaves_no_anchor(context: TaskContext, files: tuple[Path, Path]) -> None:
    await entries(context.database, 1)
    files[0].mkdir()
    with pytest.raises(IsADirectoryError):
        await anchor_head(context)
    assert await context.database.pool.fetchval("SELECT count(*) FROM audit_anchor") == 0
    files[0].rmdir()
    await anchor_head(context)
    assert [each.seq for each in kept(files[0])] == [1]


async def test_without_settings_anchors_are_in_the_table_and_unsigned(context: TaskContext, settings: Settings) -> None:
    await entries(context.database, 1)
    await anchor_head(TaskContext(settings, context.database, context.redis, context.clock))
    row = await context.database.pool.fetchrow("SELECT seq, key_id, signature FROM audit_anchor")
    assert tuple(row) == (1, "", "")


async def test_openssl_verifies_a_signature(context: TaskContext, files: tuple[Path, Path]) -> None:
    """With the commands of docs/audit.md."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl here")
    await entries(context.database, 1)
    await anchor_head(context)
    (one,) = kept(files[0])
    public, message, signature = (files[1].with_name(name) for name in ("public.pem", "message", "signature"))
    message.write_text(f"yiwang-audit-anchor-1\n{one.seq}\n{one.hash}\n{one.at}\n")
    signature.write_bytes(b64decode(one.signature))
    subprocess.run([openssl, "ec", "-in", files[1], "-pubout", "-out", public], check=True, capture_output=True)  # noqa: S603, ASYNC221 - as the page says
    verify_it: list[str | Path] = [openssl, "dgst", "-sha256", "-verify", public, "-signature", signature, message]
    assert subprocess.run(verify_it, check=True, capture_output=True, text=True).stdout == "Verified OK\n"  # noqa: S603, ASYNC221 - as above


def test_keys_that_cannot_be_used_say_so(tmp_path: Path) -> None:
    write_key(tmp_path / "rsa.pem", rsa.generate_private_key(65537, 2048))
    write_key(tmp_path / "p384.pem", ec.generate_private_key(ec.SECP384R1()))
    (tmp_path / "none.pem").write_text("-----BEGIN NOTHING-----")
    for name in ("rsa.pem", "p384.pem", "none.pem", "missing.pem"):
        for read in (private_key, lambda path: public_keys([path])):
            with pytest.raises(AuditKeyError, match=name) as raised:
                read(tmp_path / name)
            assert "openssl" in raised.value.fix


def test_a_file_that_holds_something_else_names_the_line(tmp_path: Path) -> None:
    file = tmp_path / "anchors.jsonl"
    with pytest.raises(AnchorFileError, match="cannot be read"):
        kept(file)
    file.write_text('{"seq": 1, "hash": "00", "at": ""}\n{"seq": 2}\n')
    with pytest.raises(AnchorFileError, match="Line 2 of"):
        kept(file)
