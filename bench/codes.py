"""make bench NAME=codes: issuing and verifying pass codes, in process and over HTTP, beside JWTs of joserfc.

In process: how many signed codes a CPU-second issues and verifies, how many opaque ones it makes, and how many JWTs
with the same claims it verifies, by EdDSA and ES256; rounds are interleaved. Over HTTP: a gate asks
``POST /codes/check`` for codes that are each shown for the first time; its signature, the database's row and Redis'
note are part of it. The gateway has core 0.
"""

import argparse
import asyncio
import json
import secrets
import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey

import migrations.tables  # noqa: F401 - tables refer to one another
from auth.accounts.accounts import Proven, sign_in
from bench.crypto import Ways, measured
from bench.machine import (
    GATEWAY_CORE,
    BenchError,
    Program,
    cpu_seconds,
    free_port,
    take_the_machine,
    wait_until_listening,
)
from bench.own_platform import Platform
from bench.report import conditions
from flows.codes import device_codes, keys, opaque_codes, pass_codes, signed_codes, verifiers
from flows.codes.desk import Desk
from flows.codes.device_codes import Credential
from flows.codes.issuing import Wanted, issue
from flows.codes.key_sets import KeySet, PublicKey
from flows.codes.message_signatures import SignedRequest, sign
from flows.codes.tables import CodeVerifier
from kernel.clock import SystemClock
from kernel.crypto.keys import open_keys
from kernel.database import open_database
from kernel.redis import open_redis
from kernel.settings import Settings

OUT = Path(__file__).parent / "out"
_AT_ONCE = 8
_BATCH = 100
_CLOCK = SystemClock()
_PATH = "/codes/check"
Gate = tuple[str, bytes]


def ways() -> Ways:
    """Return what is measured in process."""
    key, kid, now = Ed25519PrivateKey.generate(), b"\x01\x01", datetime.now(UTC)
    known = KeySet(1, [PublicKey(kid, "parking", key.public_key())])
    code = pass_codes.issue(key, kid, bytes(16), now, bytes(8))
    claims = {"sub": bytes(16).hex(), "iat": int(now.timestamp()), "jti": bytes(8).hex()}
    ed, ec = OKPKey.generate_key("Ed25519"), ECKey.generate_key("P-256")
    by_ed = jwt.encode({"alg": "Ed25519"}, claims, ed, algorithms=["Ed25519"])
    by_ec = jwt.encode({"alg": "ES256"}, claims, ec, algorithms=["ES256"])
    phone = _phone()
    credential = device_codes.issue(key, Credential(kid, bytes(16), now + timedelta(days=7), phone[0]))
    by_phone = device_codes.text_of(credential, now, phone[1](device_codes.to_sign(credential, now)))
    return {
        "pass code, issued": lambda: pass_codes.issue(key, kid, bytes(16), now, secrets.token_bytes(8)),
        "pass code, verified": lambda: signed_codes.verify(code, known, "parking", now),
        "code of a phone's key, verified": lambda: signed_codes.verify(by_phone, known, "parking", now),
        "opaque code, made": opaque_codes.new_text,
        "JWT by EdDSA, verified": lambda: jwt.decode(by_ed, ed, algorithms=["Ed25519"]),
        "JWT by ES256, verified": lambda: jwt.decode(by_ec, ec, algorithms=["ES256"]),
    }


def _phone() -> tuple[bytes, Callable[[bytes], bytes]]:
    """Return the public key of a phone, and how it signs."""
    key = generate_private_key(SECP256R1())
    public = key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    return public, lambda message: device_codes.from_der(key.sign(message, ECDSA(SHA256())))


class Issuer:
    """A resident's phone: has codes issued by the platform's own keys, in this process."""

    def __init__(self, settings: Settings, gate: Gate, account_id: UUID) -> None:
        self._settings = settings
        self._account_id = account_id
        self.gate = gate

    async def codes(self, signed: int, count: int) -> list[str]:
        """Return codes, each for its first use."""
        cipher, wanted = open_keys(self._settings).cipher, Wanted("parking", signed=signed)
        opened = open_database(self._settings), open_redis(self._settings)
        async with opened[0] as database, opened[1] as redis, database.session() as session:
            known = await keys.load(session, cipher, _CLOCK)
            desk = Desk(redis, _CLOCK, cipher, lambda: known)
            made = [await issue(session, desk, self._account_id, "L1", wanted) for _ in range(count)]
        return [each.text for (each,) in made]


async def prepare(settings: Settings) -> Issuer:
    """Register a gate and a resident."""
    cipher = open_keys(settings).cipher
    row = CodeVerifier(
        name_zh="门",
        name_en="Gate",
        purposes=["parking"],
        verifier_group="parking",
        secret=b"",
        registered_at=_CLOCK.now(),
    )
    async with open_database(settings) as database, database.session() as session:
        secret = await verifiers.register(session, _CLOCK, cipher, row)
        account, _ = await sign_in(session, _CLOCK, Proven(provider="wechat", tenant="bench", subject="resident"))
        await keys.ensure(session, cipher, _CLOCK)  # the gateway may not have begun yet
    return Issuer(settings, (str(row.id), secret.encode()), account.id)


async def checked(client: aiohttp.ClientSession, authority: str, gate: Gate, codes: list[str]) -> None:
    """Have every code checked. Raises BenchError if one is not accepted."""
    left = iter(codes)

    async def work() -> None:
        for code in left:
            body = msgspec.json.encode({"code": code, "request_id": uuid4().hex})
            asked = SignedRequest("POST", authority, _PATH, {}, body)
            headers = sign(asked, gate[1], gate[0], _CLOCK.now(), uuid4().hex)
            async with client.post(f"http://{authority}{_PATH}", data=body, headers=headers) as answer:
                if (said := await answer.json()).get("result") != "ok":
                    raise BenchError(f"a code was refused: {said}")

    await asyncio.gather(*(work() for _ in range(_AT_ONCE)))


async def over_http(settings: Settings, program: Program, authority: str, count: int) -> dict[str, Any]:
    """Return the figures of ``POST /codes/check``; codes are issued shortly before, as they live for a minute."""
    issuer, found = await prepare(settings), dict[str, Any]()
    async with aiohttp.ClientSession() as client:
        for kind, signed in (("opaque", 0), ("signed", 1)):
            await checked(client, authority, issuer.gate, await issuer.codes(signed, _BATCH))
            spent = elapsed = 0.0
            for _ in range(count // _BATCH):
                codes = await issuer.codes(signed, _BATCH)
                before, began = cpu_seconds(program.pid), monotonic()
                await checked(client, authority, issuer.gate, codes)
                spent, elapsed = spent + cpu_seconds(program.pid) - before, elapsed + monotonic() - began
            found[kind] = {
                "per_cpu_second": round(count / spent, 1),
                "per_second": round(count / elapsed, 1),
                "cpu_ms": round(1000 * spent / count, 2),
            }
    return found


def run(count: int) -> dict[str, Any]:
    """Start the platform, load it, and return the figures."""
    with ExitStack() as running:
        platform, port = Platform(running), free_port()
        (OUT / "codes").mkdir(exist_ok=True)
        program = running.enter_context(platform.gateway(port, core=GATEWAY_CORE, log=OUT / "codes" / "log"))
        wait_until_listening(program, port)
        return asyncio.run(over_http(platform.settings, program, f"127.0.0.1:{port}", count))


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="make bench NAME=codes", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds, to see that everything runs")
    count = 200 if parser.parse_args().quick else 1000
    OUT.mkdir(exist_ok=True)
    try:
        take_the_machine()
        inside, outside = measured(ways()), run(count)
    except BenchError as error:
        sys.exit(f"bench: {error}")
    peer = inside["JWT by EdDSA, verified"]
    whole = {"conditions": conditions({"codes": count}), "in_process": inside, "check": outside}
    (OUT / "codes.json").write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print("| in process | a CPU-second | : JWT by EdDSA, verified |\n|---|--:|--:|")
    print("".join(f"| {name} | {rate:,} | {rate / peer:.2f} |\n" for name, rate in inside.items()))
    print("| POST /codes/check | a CPU-second of the gateway | a second | CPU ms |\n|---|--:|--:|--:|")
    print("".join(f"| {kind} | {' | '.join(map(str, each.values()))} |\n" for kind, each in outside.items()))


if __name__ == "__main__":
    main()
