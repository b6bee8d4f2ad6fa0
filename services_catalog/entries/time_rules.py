"""Rules about times and trips, as the field's own checkers have them."""

from collections.abc import Iterator

from services_catalog.entries.channels import Channel
from services_catalog.entries.rule import Breach, Rule, Subject

_LIKELY_YEARS = 1949, 2199


def _promise(subject: Subject) -> Iterator[Breach]:
    promised, statutory = subject.fields.promised_time, subject.fields.statutory_time
    if promised and statutory and promised.hours() > statutory.hours():
        message = f"promised are {promised.amount} {promised.unit}s, the law has {statutory.amount} {statutory.unit}s"
        yield Breach("/promised_time", message, "Promise no more than the law allows.")


def _channel_promise(subject: Subject) -> Iterator[Breach]:
    statutory = subject.fields.statutory_time
    for at, channel in enumerate(subject.fields.channels or ()):
        promised = channel.overrides.promised_time if channel.overrides else None
        if statutory and promised and promised.hours() > statutory.hours():
            where = f"/channels/{at}/overrides/promised_time"
            yield Breach(where, f"{channel.id} promises more time than the law allows", "Promise less.")


def _steps(subject: Subject) -> Iterator[Breach]:
    promised = subject.fields.promised_time
    counted = [step for step in subject.fields.special_steps or () if step.counted]
    if promised and counted and sum(step.time.hours() for step in counted) > promised.hours():
        fix = "Promise more time, or do not count the steps."
        yield Breach("/special_steps", "the steps that count take longer than the whole", fix)


def _visits(subject: Subject) -> Iterator[Breach]:
    visits, reason = subject.fields.on_site_visits, subject.fields.on_site_reason
    if visits and not reason:
        yield Breach("/on_site_reason", f"{visits} trips are needed and nobody says why", "Give the reason.")
    for at, channel in enumerate(_channels(subject)):
        more = channel.overrides.on_site_visits if channel.overrides else None
        if more and not reason:
            where = f"/channels/{at}/overrides/on_site_visits"
            yield Breach(where, f"{channel.id} needs {more} trips and nobody says why", "Give on_site_reason.")
    if (
        visits == 0
        and reason
        and not any(each.overrides and each.overrides.on_site_visits for each in _channels(subject))
    ):
        yield Breach("/on_site_reason", "no trip is needed, and a reason is given", "Leave the reason out.")


def _channels(subject: Subject) -> tuple[Channel, ...]:
    return subject.fields.channels or ()


def _without_visits(subject: Subject) -> Iterator[Breach]:
    fields = subject.fields
    if fields.on_site_visits != 0 or not fields.channels:  # that channels are there is another rule's
        return
    online = any(channel.kind in ("web", "mini_program", "app", "hotline") for channel in fields.channels or ())
    by_post = bool(fields.delivery and fields.delivery.express_in) or any(
        channel.kind == "post" for channel in fields.channels or ()
    )
    if not online and not by_post:
        fix = "Offer post or an online channel, or say how many trips are needed."
        yield Breach("/channels", "no trip is needed, and nothing comes in by post or online", fix)


def _depth(subject: Subject) -> Iterator[Breach]:
    visits = subject.fields.on_site_visits
    if subject.fields.online_depth == 4 and visits:
        fix = "Write a depth of 1 to 3, or 0 visits."
        yield Breach("/online_depth", f"depth 4 is wholly online, and {visits} trips are needed", fix)


def _dates(subject: Subject) -> Iterator[Breach]:
    for name in ("effective_from", "withdraw_on", "assured_on"):
        day = getattr(subject.fields, name)
        if day and not _LIKELY_YEARS[0] <= day.year <= _LIKELY_YEARS[1]:
            yield Breach(f"/{name}", f"{day} is no likely date", "Look for a typing mistake in the year.")
    start, end = subject.fields.effective_from, subject.fields.withdraw_on
    if start and end and end <= start:
        yield Breach("/withdraw_on", f"it ends on {end}, before it begins on {start}", "Mend one of the dates.")
    if end and end <= subject.today:
        yield Breach("/withdraw_on", f"it ended on {end}", "Withdraw the entry, or give a later date.")


RULES = (
    Rule("E10-promise", "The promised time is within the statutory one.", "error", _promise),
    Rule("E11-channel-promise", "That holds at every channel.", "error", _channel_promise),
    Rule("E12-steps", "Steps that count are part of the promised time.", "error", _steps),
    Rule("E13-visits", "Each trip that residents make has a reason, and no trip has none.", "error", _visits),
    Rule("E14-without-visits", "Who need not come must be able to hand things in.", "error", _without_visits),
    Rule("E15-depth", "Depth IV means that everything runs online.", "error", _depth),
    Rule("E16-dates", "An entry that has ended before it began is never shown.", "error", _dates),
)
