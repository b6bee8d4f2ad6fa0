"""What the platform's own fields work with in one process: its host apps, first of all."""

from contextlib import AsyncExitStack

from adapters.apps import open_channels, read_apps
from adapters.parking_products import open_parking
from adapters.single_flight import SingleFlight
from adapters.vehicle_register import open_vehicle_register
from auth.clients.clients import ensure_own
from auth.consents.registered import read_purposes
from auth.provider.environment import Environment
from flows.appointments.hall.reading_once import Halls
from flows.appointments.hall.watching import HALLS
from flows.appointments.holding import Desk as AppointmentDesk
from flows.appointments.offered import Offered
from flows.appointments.systems.client import Clients, Signer
from flows.appointments.systems.doors import Doors
from flows.appointments.turnstile import Turnstile
from flows.codes.desk import Desk
from flows.parking.watching import SESSIONS
from gateway.http.sign_on.services import SignInServices
from kernel.database import Database
from kernel.networks import parse_networks
from kernel.watching import Watch, Watched
from schema.context import LiveServices, Platform


async def open_platform(
    stack: AsyncExitStack,
    database: Database,
    live: LiveServices,
    environment: Environment,
    services: SignInServices,
    *,
    desk: Desk,
) -> Platform:
    """Read and open the host apps, until ``stack`` ends, and register them as clients of ours.

    Raises HostConfigurationError, HostKeyError, PurposeInvalidError.
    """
    apps = read_apps(environment.settings.host_apps_file)
    async with database.session() as session:
        await ensure_own(session, environment.clock, apps.redirect_uris)
    opening = open_channels(apps, environment.redis, environment.clock, services.sms)
    channels = await stack.enter_async_context(opening)
    parking = await stack.enter_async_context(open_parking(apps, environment.clock))
    return Platform(
        services=live,
        database=database,
        environment=environment,
        channels=channels,
        parking=parking.charging,
        owners=apps.owners,
        identity=services.faces,
        vehicles=await stack.enter_async_context(open_vehicle_register(environment.settings, environment.clock)),
        purposes=read_purposes(environment.settings.purposes_file),
        desk=desk,
        appointments=_appointment_desk(database, environment),
        watch=await _watched(stack, database, environment, SESSIONS),
        halls=await _watched(stack, database, environment, HALLS),
        halls_read=Halls(database, environment.clock, environment.keys.cipher),
        framed_by=apps.framed_by,
        sign_ins=SingleFlight(environment.redis, "sign-in"),
    )


async def _watched(stack: AsyncExitStack, database: Database, environment: Environment, of: Watched) -> Watch:
    watch = Watch(database.pool, environment.redis, of)
    stack.push_async_callback(watch.close)
    await watch.start()
    return watch


def _appointment_desk(database: Database, environment: Environment) -> AppointmentDesk:
    clock, keys = environment.clock, environment.keys
    signer = Signer(environment.issuer, clock, environment.ring)
    clients = Clients(signer, parse_networks(environment.settings.upstream_networks))
    doors = Doors(database, clock, clients)
    return AppointmentDesk(clock, keys.cipher, Turnstile(environment.redis), Offered(database, clock, keys), doors)
