"""When a service's times can be booked: from a day's release until the lead time before. Pure."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flows.appointments.errors import NotBookableError
from flows.appointments.tables import AppointmentService
from kernel.clock import local


def release_of(service: AppointmentService, starts_at: datetime, zone: str) -> datetime:
    """Return when a time was or will be released: so many days before, at an hour of the office's day."""
    day = starts_at.astimezone(ZoneInfo(zone)).date() - timedelta(days=service.days)
    return datetime.combine(day, time(*divmod(service.release_minute, 60)), ZoneInfo(zone)).astimezone(UTC)


def released_until(service: AppointmentService, now: datetime, zone: str) -> datetime:
    """Return the end of the last day that is released by now."""
    there = ZoneInfo(zone)
    day = now.astimezone(there).date() + timedelta(days=service.days)
    while release_of(service, datetime.combine(day, time(), there), zone) > now:  # at most twice
        day -= timedelta(days=1)
    return datetime.combine(day + timedelta(days=1), time(), there).astimezone(UTC)


def soonest(service: AppointmentService, now: datetime) -> datetime:
    """Return the first moment that can still be booked."""
    return now + timedelta(minutes=service.lead_minutes)


def check_bookable(service: AppointmentService, starts_at: datetime, now: datetime, zone: str) -> None:
    """Refuse a time that is over, too near or not released yet. Raises NotBookableError."""
    if starts_at <= now:
        raise NotBookableError("This time is over", fix="Choose one that `appointmentTimes` lists.")
    if starts_at < soonest(service, now):
        raise NotBookableError(
            f"This time is in less than {service.lead_minutes} minutes", fix="Choose a later one, or come without."
        )
    if starts_at >= released_until(service, now, zone):
        at = local(release_of(service, starts_at, zone), zone)
        raise NotBookableError(f"This time is released at {at}", fix="Come back then.")
