"""``/callbacks/parking/{app}``: where hosts' parking products tell of agreements and of stays."""

from collections.abc import Mapping

from adapters.parking import ParkingCallback, ParkingProduct
from flows.parking.gathering import Deps
from flows.parking.host_news import take
from flows.payments.callbacks import Outcome
from gateway.http.host_callbacks import HostCallbacks
from kernel.clock import Clock
from kernel.crypto.keys import Keys
from kernel.database import Database


class ParkingCallbacks(HostCallbacks[ParkingCallback]):
    """The handler, with what it needs."""

    path = "/callbacks/parking"

    def __init__(self, database: Database, clock: Clock, keys: Keys, products: Mapping[str, ParkingProduct]) -> None:
        super().__init__(products)
        self._database = database
        self._clock = clock
        self._keys = keys

    async def take(self, app_id: str, message: ParkingCallback, body: bytes) -> Outcome:  # noqa: ARG002 - nothing of it is kept
        """Do what it says."""
        async with self._database.session() as session:
            return await take(Deps(session, self._clock, self._keys), app_id, message)
