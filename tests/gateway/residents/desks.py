"""Staff of the registry at its counters and at the hotline, as programs see them: over HTTP."""

from typing import Any

import httpx
from redis.asyncio import Redis

from auth.credentials import key_id_of
from kernel.clock import SystemClock
from kernel.crypto.keys import open_keys
from services_catalog.organisations.roles import Role
from tests.appointments.hall import OFFICE, SERVICE, WINDOW, Hall
from tests.appointments.test_papers import QUESTIONS
from tests.gateway.conftest import City
from tests.gateway.halls.staff_of import key
from tests.gateway.residents.test_appointments import ALWAYS, EVERY_DAY

ASKING = {**SERVICE, "questions": QUESTIONS, "most_active": 3, "cancel_minutes": 40_000}
PLACES = {"public": 1, "hotline": 1, "counter": 1}
LI = "11010519491231002X"


async def registry(city: City, redis: Redis) -> Hall:
    """Build a registry with two offices, open now: whoever has booked can neither move nor cancel by themselves."""
    made = Hall(city.settings, city.gateway.database, redis, open_keys(city.settings))
    made.clock.advance(SystemClock().now() - made.clock.now())
    window = {**WINDOW, "schedules": [{**EVERY_DAY, "places": PLACES}]}
    west = {**OFFICE, "code": "west", "name_zh": "西区登记处", "resources": [window]}
    await made.build(ASKING, offices=[{**OFFICE, "resources": [window]}, west], calendar=ALWAYS)
    return made


class Staff:
    """One of the staff with their credential: at an office's counter, or at the hotline."""

    def __init__(self, client: httpx.AsyncClient, token: str, office: str = "") -> None:
        self._client, self._token, self._office = client, token, office
        self.key_id = key_id_of(token) if token else ""

    async def ask(self, method: str, path: str, body: Any = None, **query: Any) -> httpx.Response:
        query |= {"office": self._office} if self._office else {}
        headers = {"authorization": f"Bearer {self._token}"} if self._token else {}
        return await self._client.request(method, f"/desks{path}", json=body, params=query, headers=headers)

    async def done(self, path: str, method: str = "POST", **body: Any) -> Any:
        answer = await self.ask(method, path, None if method == "GET" else body, **(body if method == "GET" else {}))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def code(self, path: str, method: str = "POST", **body: Any) -> tuple[int, str]:
        """Return how it was refused."""
        answer = await self.ask(method, path, body)
        assert answer.json()["error"]["fix"]
        return answer.status_code, answer.json()["error"]["code"]

    async def hold(self, at: str, office: str = "hall", **whom: Any) -> str:
        made = await self.done("/holds", service="marriage", office=office, startsAt=at, **whom)
        assert made["isKept"]
        return str(made["hold"])


async def staff(hall: Hall, client: httpx.AsyncClient, role: Role | None, office: str = "") -> Staff:
    return Staff(client, await key(hall, role), office)
