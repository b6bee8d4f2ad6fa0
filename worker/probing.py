"""The periodic task of the contract probes: here, where what is offered and who is asking meet.

Departments are told that it is the platform's own probe that asks, by the assertion that else says which resident does.
"""

from collections.abc import Mapping
from datetime import timedelta

from auth.assertions import HEADER, LIFE_SECONDS, Assertion, audience, sign
from auth.issuer import issuer
from auth.keys.key_ring import load
from kernel.celery import TaskContext, periodic
from kernel.crypto.keys import open_keys
from services_catalog.probes.probing import probe_all_due
from supergraph.slice import Access

ROUND_EVERY = timedelta(seconds=3)
SUBJECT = "platform:probe"  # no resident's name has a colon; departments keep test data under it


@periodic("catalogue.probe_due", ROUND_EVERY)
async def probe_every_few_seconds(context: TaskContext) -> None:
    """Call what is due."""
    await probe(context)


async def probe(context: TaskContext) -> None:
    """Do one round of the contract probes."""

    async def identify(service: str, access: Access) -> Mapping[str, str]:
        now = int(context.clock.now().timestamp())
        said = Assertion(
            iss=issuer(context.settings),
            aud=audience(service),
            sub=SUBJECT,
            iat=now,
            exp=now + LIFE_SECONDS,
            acr=access.level,
            auth_time=now,
            channel="web",
            purpose=access.purpose,
        )
        async with context.database.session() as session:
            ring = await load(session, open_keys(context.settings).cipher, context.clock)
        return {HEADER: sign(said, ring, context.clock.now())}

    await probe_all_due(context, timedelta(seconds=context.settings.probe_seconds), identify)
