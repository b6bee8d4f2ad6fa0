"""Rules about channels, places and what an entry opens."""

from collections.abc import Iterator
from datetime import timedelta

from services_catalog.entries.channels import Channel, Hours
from services_catalog.entries.rule import Breach, Rule, Subject
from services_catalog.entries.words import OFFERED

_NEEDS = {
    "window": ("location",),
    "kiosk": ("location",),
    "web": ("url",),
    "mini_program": ("host", "app_id", "page_path"),
    "app": ("url",),
    "hotline": ("phone",),
    "post": (),
}
_OLD = timedelta(days=365)


def _channels(subject: Subject) -> Iterator[Breach]:
    places = {place.id for place in subject.fields.locations or ()}
    for at, channel in enumerate(subject.fields.channels or ()):
        for key in _NEEDS[channel.kind]:
            if getattr(channel, key) is None:
                yield Breach(f"/channels/{at}/{key}", f"a {channel.kind} needs {key}", f"Give {key}.")
        if channel.location is not None and channel.location not in places:
            fix = f"One of: {', '.join(sorted(places)) or 'none is listed'}."
            yield Breach(f"/channels/{at}/location", f"there is no place {channel.location!r} in locations", fix)
    yield from _hours(subject)


def _authority(subject: Subject) -> Iterator[Breach]:
    until, ends = subject.authority_until, subject.fields.withdraw_on or None
    if until is None:
        return
    if until <= subject.today:
        yield Breach("", f"its organisation was closed on {until}", "A merge gives its entries to a successor.")
    elif ends is None or ends > until:
        fix = f"Write {until} or a day before, or have the organisation merged into its successor."
        yield Breach("/withdraw_on", f"its organisation ends on {until}, the entry does not", fix)


def _hours(subject: Subject) -> Iterator[Breach]:
    holders: list[tuple[str, tuple[Hours, ...]]] = [
        *((f"/channels/{at}", channel.hours) for at, channel in enumerate(subject.fields.channels or ())),
        *((f"/locations/{at}", place.hours) for at, place in enumerate(subject.fields.locations or ())),
    ]
    for where, hours in holders:
        for at, each in enumerate(hours):
            if each.closes <= each.opens:
                fix = "Write hours past midnight as two, up to 23:59 and from 00:00."
                yield Breach(f"{where}/hours/{at}", f"it closes at {each.closes} and opens at {each.opens}", fix)


def _someone_helps(subject: Subject) -> Iterator[Breach]:
    if subject.level not in OFFERED:
        return
    kinds = {channel.kind for channel in subject.fields.channels or ()}
    contact = subject.fields.contact
    if kinds and not kinds & {"window", "hotline"} and not (contact and contact.phone):
        yield Breach("/contact/phone", "nobody can be asked", "Give a phone number, a window or a hotline.")


def _opens(subject: Subject) -> Iterator[Breach]:
    binding = subject.fields.binding
    if not binding:
        return
    opened = binding.operations or binding.mini_programs or binding.page or binding.flow
    if binding.window_only and opened:
        yield Breach("/binding/window_only", "window only, and something opens it", "Leave one of them out.")
    if not binding.window_only and not opened:
        yield Breach("/binding", "nothing opens the service", "Say what does, or write window_only: true.")
    if binding.client and not binding.page:
        yield Breach("/binding/client", "a client is named and no page of its", "Give the page.")


def _mutations(subject: Subject) -> Iterator[Breach]:
    for at, bound in enumerate(subject.fields.binding.operations if subject.fields.binding else ()):
        where = f"/binding/operations/{at}"
        if bound.safe and bound.operation.startswith("mutation"):
            yield Breach(f"{where}/safe", f"{bound.operation} changes something", "Write safe: false.")
        if bound.probe and not bound.safe:
            yield Breach(f"{where}/probe", f"{bound.operation} is never probed", "Leave probe out, or write safe.")


def _operations(subject: Subject) -> Iterator[Breach]:
    if subject.operations is None or not subject.fields.binding:
        return
    for at, bound in enumerate(subject.fields.binding.operations):
        if bound.operation not in subject.operations:
            fix = "Publish its service first, or mend the name."
            yield Breach(f"/binding/operations/{at}", f"the graph has no {bound.operation}", fix)


def _own(subject: Subject) -> Iterator[Breach]:
    for at, bound in enumerate(subject.fields.binding.operations if subject.fields.binding else ()):
        if bound.operation in subject.foreign and (bound.safe or bound.asks):
            message = f"{bound.operation} is of a department that is neither the entry's authority nor acts with it"
            fix = "Leave out safe, probe and asks; or name it in joint_organisations, or have it placed in the tree."
            yield Breach(f"/binding/operations/{at}", message, fix)


def _channel_shown(channel: Channel) -> str:
    return channel.name.zh if channel.name else channel.id


def _encrypted(subject: Subject) -> Iterator[Breach]:
    for at, channel in enumerate(subject.fields.channels or ()):
        if channel.url and channel.url.startswith("http://"):
            message = f"{_channel_shown(channel)} is not encrypted, and host apps refuse it"
            yield Breach(f"/channels/{at}/url", message, "Serve it by https.")


def _assured(subject: Subject) -> Iterator[Breach]:
    day = subject.fields.assured_on
    if subject.level in OFFERED and (not day or subject.today - day > _OLD):
        said = f"since {day}" if day else "ever"
        yield Breach("/assured_on", f"nobody has checked the content {said}", "Check it and give the day.")


RULES = (
    Rule("E20-channels", "A channel without an address is no channel.", "error", _channels),
    Rule("E21-help", "Somebody must answer where a program does not.", "error", _someone_helps),
    Rule("E22-opens", "Front ends have to know what to open.", "error", _opens),
    Rule("E23-probes", "Contract probes run on schedule: they must not change anything.", "error", _mutations),
    Rule("E24-operations", "A button that opens nothing is worse than none.", "error", _operations),
    Rule("E25-authority", "What nobody offers any more cannot be had.", "error", _authority),
    Rule("E28-own", "Nobody has others called, or held to account, for what they did not promise.", "error", _own),
    Rule("W02-https", "WeChat, Alipay and Baidu open encrypted pages only.", "warning", _encrypted),
    Rule("W03-assured", "What nobody looked at for a year is seldom true.", "warning", _assured),
)
