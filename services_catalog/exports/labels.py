"""What the codes of an entry's own lists are called, for readers who do not know them.

Items, topics and life events are entries themselves: services_catalog.exports.around knows their names.
"""

from collections.abc import Mapping

from services_catalog.entries.words import Localized

_LABELS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "audience": {
        "person": ("自然人", "Natural persons"),
        "enterprise": ("企业法人", "Enterprises"),
        "institution": ("事业法人", "Public institutions"),
        "association": ("社会组织法人", "Associations"),
        "government": ("行政机关", "Government bodies"),
        "other": ("其他组织", "Other organisations"),
    },
    "item-type": {
        "permission": ("行政许可", "Administrative permission"),
        "penalty": ("行政处罚", "Administrative penalty"),
        "compulsion": ("行政强制", "Administrative compulsion"),
        "levy": ("行政征收", "Administrative levy"),
        "payment": ("行政给付", "Administrative payment"),
        "inspection": ("行政检查", "Administrative inspection"),
        "confirmation": ("行政确认", "Administrative confirmation"),
        "reward": ("行政奖励", "Administrative reward"),
        "ruling": ("行政裁决", "Administrative ruling"),
        "other_power": ("其他行政权力", "Other administrative power"),
        "public_service": ("公共服务", "Public service"),
    },
    "channel": {
        "window": ("窗口", "Counter"),
        "web": ("网站", "Web site"),
        "mini_program": ("小程序", "Mini-program"),
        "app": ("应用", "App"),
        "hotline": ("热线", "Hotline"),
        "kiosk": ("自助终端", "Kiosk"),
        "post": ("邮寄", "Post"),
    },
    "result": {
        "licence": ("证照", "Licence"),
        "document": ("文书", "Document"),
        "approval": ("批文", "Approval"),
        "payment": ("款项", "Payment"),
        "other": ("其他", "Other"),
    },
    "role": {
        "entrusted": ("受委托机构", "Body to which it is entrusted"),
        "joint": ("联办机构", "Body that acts together with the authority"),
    },
    "form": {"original": ("原件", "original"), "copy": ("复印件", "copy"), "electronic": ("电子件", "electronic")},
    "remedy": {
        "complaint": ("投诉", "Complaints"),
        "review": ("行政复议", "Administrative review"),
        "litigation": ("行政诉讼", "Administrative litigation"),
    },
    "scheme": {
        "audience": ("服务对象", "Audience"),
        "item-type": ("事项类型", "Kind of power"),
        "topic": ("主题", "Topic"),
        "local-topic": ("部门主题", "Topic of the authority's own"),
        "life-event": ("一件事", "Life event"),
        "item": ("基本目录事项", "Generic item"),
    },
}
_DAYS = {
    "MO": ("周一", "Monday"),
    "TU": ("周二", "Tuesday"),
    "WE": ("周三", "Wednesday"),
    "TH": ("周四", "Thursday"),
    "FR": ("周五", "Friday"),
    "SA": ("周六", "Saturday"),
    "SU": ("周日", "Sunday"),
}
FREE = Localized("免费", "Free of charge")


def label(scheme: str, code: str) -> Localized:
    """Return what a code is called; the code itself where nobody has said."""
    known = _LABELS.get(scheme, {}).get(code)
    return Localized(*known) if known else Localized(code)


def days(codes: tuple[str, ...], language: str) -> str:
    """Return the names of weekdays in a language."""
    place = 1 if language == "en" else 0
    return (", " if place else "、").join(_DAYS[code][place] for code in codes)
