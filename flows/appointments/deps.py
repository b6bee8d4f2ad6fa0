"""What the steps of appointments need."""

from msgspec import Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.clock import Clock


class Deps(Struct, frozen=True):
    """One transaction's."""

    session: AsyncSession
    clock: Clock
