"""``/callbacks/payments/{app}``: where host apps tell of payments."""

from collections.abc import Mapping

from adapters.channel import Callback, Channel
from flows.payments.callbacks import Outcome, take
from gateway.http.host_callbacks import HostCallbacks
from kernel.clock import Clock
from kernel.crypto.fields import FieldCipher
from kernel.database import Database


class PaymentCallbacks(HostCallbacks[Callback]):
    """The handler, with what it needs."""

    path = "/callbacks/payments"

    def __init__(self, database: Database, clock: Clock, cipher: FieldCipher, channels: Mapping[str, Channel]) -> None:
        super().__init__(channels)
        self._database = database
        self._clock = clock
        self._cipher = cipher

    async def take(self, app_id: str, message: Callback, body: bytes) -> Outcome:
        """Settle what it is about, and keep it."""
        async with self._database.session() as session:
            return await take(session, self._clock, self._cipher, app_id, (message, body))
