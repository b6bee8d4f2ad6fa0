"""make bench NAME=logins: how many sign-ins at a department's site one gateway core carries, over HTTP.

A sign-in is what a browser that is signed in at the platform and a site do together: an authorization request with
prompt=none, its redirect, the redemption of the code with PKCE and a client secret, and an ID token signed by RS256.
The gateway has core 0; the client, PostgreSQL and Valkey share the other one.
"""

import argparse
import asyncio
import hashlib
import json
import secrets
import sys
from base64 import b64encode, urlsafe_b64encode
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp

import migrations.tables  # noqa: F401 - tables refer to one another
from auth.accounts.accounts import Proven, sign_in
from auth.clients.clients import BROWSER, ensure_own, register
from auth.clients.tables import Client
from auth.provider.browser import digest
from auth.sessions.sessions import Lifetimes, SignIn, begin
from bench.machine import GATEWAY_CORE, BenchError, cpu_seconds, free_port, take_the_machine, wait_until_listening
from bench.own_platform import Platform
from bench.report import conditions
from kernel.clock import SystemClock
from kernel.database import open_database
from kernel.settings import Settings

OUT = Path(__file__).parent / "out"
WANTED = 200
"""Sign-ins a second that flows.md asks for."""
_BACK = "https://site.example/back"
_AT_ONCE = 16


async def prepare(settings: Settings) -> tuple[str, str]:
    """Register a site and sign a resident in at a browser; return the site's secret and the browser's cookie."""
    clock, cookie = SystemClock(), secrets.token_urlsafe(32)
    async with open_database(settings) as database, database.session() as session:
        await ensure_own(session, clock, {})
        site = Client(
            client_id="site",
            name_zh="网站",
            name_en="Site",
            sector="site",
            redirect_uris=[_BACK],
            created_at=clock.now(),
        )
        secret = await register(session, clock, site)
        account, _ = await sign_in(session, clock, Proven(provider="wechat", tenant="bench", subject="resident"))
        who = SignIn(account_id=account.id, client_id=BROWSER, channel="web", ial=1, aal=1, amr=("sms",))
        day = Lifetimes(timedelta(days=1), timedelta(days=1))
        await begin(session, clock, who, day, cookie_digest=digest(cookie))
    return secret, cookie


async def load(port: int, secret: str, cookie: str, seconds: float) -> tuple[int, int]:
    """Sign in again and again for so long; return how many succeeded and failed."""
    done = failed = 0
    ends = monotonic() + seconds
    connector = aiohttp.TCPConnector(limit=_AT_ONCE)
    basic = {"authorization": f"Basic {b64encode(f'site:{secret}'.encode()).decode()}"}

    async def one(client: aiohttp.ClientSession) -> bool:
        verifier = secrets.token_urlsafe(40)
        challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        params = {"response_type": "code", "client_id": "site", "redirect_uri": _BACK, "scope": "openid"}
        params |= {"prompt": "none", "code_challenge": challenge, "code_challenge_method": "S256"}
        async with client.get(
            f"/oauth/authorize?{urlencode(params)}", headers={"cookie": f"op={cookie}"}, allow_redirects=False
        ) as answer:
            code = parse_qs(urlsplit(answer.headers.get("location", "")).query).get("code", [""])[0]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": _BACK, "code_verifier": verifier}
        async with client.post("/oauth/token", data=form, headers=basic) as answer:
            return answer.status == 200 and "id_token" in await answer.json()

    async def work(client: aiohttp.ClientSession) -> None:
        nonlocal done, failed
        while monotonic() < ends:
            if await one(client):
                done += 1
            else:
                failed += 1

    async with aiohttp.ClientSession(
        f"http://127.0.0.1:{port}", connector=connector, cookie_jar=aiohttp.DummyCookieJar()
    ) as client:
        await asyncio.gather(*(work(client) for _ in range(_AT_ONCE)))
    return done, failed


def run(seconds: float) -> dict[str, Any]:
    """Start the platform, load it, and return the figures."""
    with ExitStack() as running:
        platform = Platform(running)
        port, folder = free_port(), OUT / "logins"
        folder.mkdir(exist_ok=True)
        program = running.enter_context(platform.gateway(port, core=GATEWAY_CORE, log=folder / "log"))
        wait_until_listening(program, port)
        secret, cookie = asyncio.run(prepare(platform.settings))
        asyncio.run(load(port, secret, cookie, min(seconds, 3.0)))
        before, began = cpu_seconds(program.pid), monotonic()
        done, failed = asyncio.run(load(port, secret, cookie, seconds))
        spent, elapsed = cpu_seconds(program.pid) - before, monotonic() - began
    return {
        "sign_ins": done,
        "failed": failed,
        "per_second": round(done / elapsed, 1),
        "per_cpu_second": round(done / spent, 1),
        "cpu_ms": round(1000 * spent / max(done, 1), 2),
    }


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="make bench NAME=logins", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds, to see that everything runs")
    seconds = 5.0 if parser.parse_args().quick else 60.0
    OUT.mkdir(exist_ok=True)
    try:
        take_the_machine()
        found = run(seconds)
    except BenchError as error:
        sys.exit(f"bench: {error}")
    whole = {"conditions": conditions({"seconds": seconds}), **found}
    (OUT / "logins.json").write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(
        f"| sign-ins | failed | a second | a CPU-second of the gateway | CPU ms |\n|--:|--:|--:|--:|--:|\n"
        f"| {found['sign_ins']:,} | {found['failed']} | {found['per_second']} | {found['per_cpu_second']} "
        f"| {found['cpu_ms']} |\n\nwanted: {WANTED} a second; written: bench/out/logins.json"
    )


if __name__ == "__main__":
    main()
