"""make bench NAME=logins: how many sign-ins at a department's site one gateway core carries, over HTTP.

By phone: a resident comes for the first time, has a code sent to their phone and types it in; an account, a session and
the site's tokens come of it. Silent: a browser that is signed in already comes with prompt=none. Both end with the
redemption of the code with PKCE and a client secret, and an ID token signed by RS256. The gateway has core 0; browsers,
site, SMS gateway, PostgreSQL and Valkey share the other one.
"""

import argparse
import asyncio
import hashlib
import json
import secrets
import sys
from base64 import b64encode, urlsafe_b64encode
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from itertools import count
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
from bench.phones import KEY, PATH, Browser, SmsGateway
from bench.report import conditions
from kernel.clock import SystemClock
from kernel.database import open_database
from kernel.settings import Settings, variable

OUT = Path(__file__).parent / "out"
WANTED = 200
"""Sign-ins a second that flows.md asks for."""
_BACK = "https://site.example/back"
_AT_ONCE = 16
_ANY_NUMBER = str(10**9)


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


class Visitor:
    """Residents who come to the site, with its server beside them."""

    def __init__(self, client: aiohttp.ClientSession, sms: SmsGateway, secret: str, cookie: str) -> None:
        self._client = client
        self._sms = sms
        self._basic = {"authorization": f"Basic {b64encode(f'site:{secret}'.encode()).decode()}"}
        self._cookie = cookie

    async def silent(self, _: int) -> bool:
        """Come with a browser that is signed in; whether the site gets its tokens."""
        url, verifier = _request(prompt="none")
        return await self._redeemed(await Browser(self._client, {"op": self._cookie}).open(url), verifier)

    async def by_phone(self, number: int) -> bool:
        """Come for the first time, with a phone; whether the site gets its tokens."""
        (url, verifier), browser, phone = _request(), Browser(self._client), f"+86139{number:08}"
        page = await browser.submit(await browser.open(url), phone=phone)
        return await self._redeemed(await browser.submit(page, code=self._sms.codes[phone]), verifier)

    async def _redeemed(self, back: str, verifier: str) -> bool:
        code = parse_qs(urlsplit(back).query).get("code", [""])[0] if back.startswith(_BACK) else ""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": _BACK, "code_verifier": verifier}
        async with self._client.post("/oauth/token", data=form, headers=self._basic) as answer:
            return answer.status == 200 and "id_token" in await answer.json()


def _request(**more: str) -> tuple[str, str]:
    """Return a new authorization request, and its verifier."""
    verifier = secrets.token_urlsafe(40)
    challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    params = {"response_type": "code", "client_id": "site", "redirect_uri": _BACK, "scope": "openid", **more}
    params |= {"code_challenge": challenge, "code_challenge_method": "S256"}
    return f"/oauth/authorize?{urlencode(params)}", verifier


async def load(sign_in: Callable[[int], Awaitable[bool]], numbers: Iterator[int], seconds: float) -> Counter[bool]:
    """Sign in again and again for so long, each time as another of ``numbers``; count successes and failures."""
    done, ends = Counter[bool](), monotonic() + seconds

    async def work() -> None:
        while monotonic() < ends:
            done[await sign_in(next(numbers))] += 1

    await asyncio.gather(*(work() for _ in range(_AT_ONCE)))
    return done


async def measure(platform: Platform, program: Program, ports: tuple[int, int], seconds: float) -> dict[str, Any]:
    """Load the gateway by each kind of sign-in, and return the figures."""
    secret, cookie = await prepare(platform.settings)
    sms, numbers, found = SmsGateway(), count(), dict[str, Any]()
    runner = await sms.start(ports[1])
    connector, jar = aiohttp.TCPConnector(limit=_AT_ONCE), aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{ports[0]}", connector=connector, cookie_jar=jar) as client:
        visitor = Visitor(client, sms, secret, cookie)
        for kind, sign_in in {"by phone": visitor.by_phone, "silent": visitor.silent}.items():
            await load(sign_in, numbers, min(seconds, 3.0))
            before, began = cpu_seconds(program.pid), monotonic()
            done = await load(sign_in, numbers, seconds)
            spent, elapsed = cpu_seconds(program.pid) - before, monotonic() - began
            found[kind] = {
                "sign_ins": done[True],
                "failed": done[False],
                "per_second": round(done[True] / elapsed, 1),
                "per_cpu_second": round(done[True] / spent, 1),
                "cpu_ms": round(1000 * spent / max(done[True], 1), 2),
            }
    await runner.cleanup()
    return found


def run(seconds: float) -> dict[str, Any]:
    """Start the platform, load it, and return the figures."""
    with ExitStack() as running:
        platform = Platform(running)
        ports, folder = (free_port(), free_port()), OUT / "logins"
        folder.mkdir(exist_ok=True)
        variables = {
            variable("sms_url"): f"http://127.0.0.1:{ports[1]}{PATH}",
            variable("sms_key"): f"{KEY.id}:{KEY.secret.decode()}",
            variable("sms_codes_per_address"): _ANY_NUMBER,  # all residents have this machine's
            variable("sms_codes_alarm"): _ANY_NUMBER,
        }
        gateway = platform.gateway(ports[0], core=GATEWAY_CORE, log=folder / "log", variables=variables)
        program = running.enter_context(gateway)
        wait_until_listening(program, ports[0])
        return asyncio.run(measure(platform, program, ports, seconds))


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
    whole = {"conditions": conditions({"seconds": seconds}), "sign_ins": found}
    (OUT / "logins.json").write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(
        "| | sign-ins | failed | a second | a CPU-second of the gateway | CPU ms |\n|---|--:|--:|--:|--:|--:|\n"
        + "".join(f"| {kind} | {' | '.join(map(str, each.values()))} |\n" for kind, each in found.items())
        + f"\nwanted: {WANTED} a second; written: bench/out/logins.json"
    )


if __name__ == "__main__":
    main()
