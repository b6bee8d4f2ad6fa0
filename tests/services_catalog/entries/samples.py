"""A generic item, one authority's implementation of it and one case, as their authors would write them."""

from copy import deepcopy
from datetime import date
from typing import Any

from services_catalog.entries.document import EntryDocument, read_entry
from services_catalog.entries.inheritance import Layer
from services_catalog.entries.rule import Subject

TODAY = date(2026, 5, 4)
ITEM_CODE = "000111002000"
IMPLEMENTATION_CODE = f"91350100M000100Y433{ITEM_CODE}"
CASE_CODE = f"{IMPLEMENTATION_CODE}01"

LAW = {"law": {"zh": "婚姻登记条例", "en": "Regulations on Marriage Registration"}, "article": "第四条"}

ITEM: dict[str, Any] = {
    "level": "item",
    "code": ITEM_CODE,
    "organisation": "city",
    "fields": {
        "name": {"zh": "内地居民婚姻登记", "en": "Marriage registration of mainland residents"},
        "everyday_name": {"zh": "结婚登记", "en": "Getting married"},
        "item_type": "confirmation",
        "power_source": "statutory",
        "legal_basis": [LAW],
        "audience": ["person"],
        "topics": ["marriage"],
        "life_events": ["getting-married"],
        "statutory_time": {"amount": 1},
        "promised_time": {"amount": 0},
        "fee": {"charged": False},
        "materials": [
            {"id": "id-card", "name": {"zh": "居民身份证"}, "forms": ["original"], "legal_basis": LAW},
            {"id": "photo", "name": {"zh": "双方合影"}, "forms": ["original"], "copies": 3, "legal_basis": LAW},
        ],
        "result": {"kind": "licence", "name": {"zh": "结婚证"}},
        "on_site_visits": 1,
        "on_site_reason": {"zh": "须双方到场表明自愿"},
    },
}
IMPLEMENTATION: dict[str, Any] = {
    "level": "implementation",
    "code": IMPLEMENTATION_CODE,
    "organisation": "east-civil-affairs",
    "parent": ITEM_CODE,
    "fields": {
        "summary": {"zh": "双方到婚姻登记处申请结婚登记。", "en": "Both come to the office and register."},
        "channels": [
            {"id": "hall", "kind": "window", "location": "main"},
            {"id": "web", "kind": "web", "url": "https://marriage.example.gov.cn/book"},
        ],
        "locations": [
            {
                "id": "main",
                "name": {"zh": "东城婚姻登记处"},
                "address": {"zh": "东城大街1号"},
                "position": {"longitude": 116.41, "latitude": 39.91},
                "hours": [{"days": ["MO", "TU", "WE", "TH", "FR"], "opens": "09:00", "closes": "17:00"}],
            }
        ],
        "contact": {"phone": "010-12345678"},
        "assured_on": "2026-04-01",
        "binding": {"operations": [{"operation": "query marriage.offices", "safe": True}]},
        "accessibility": {
            "plain": {
                "what": {"zh": "两个人来登记结婚。"},
                "bring": [{"zh": "带上身份证。"}, {"zh": "带上三张合影。"}],
                "steps": [{"zh": "先约好时间。"}, {"zh": "两个人一起来窗口。"}],
                "help_phone": "12345",
            }
        },
    },
}
CASE: dict[str, Any] = {
    "level": "case",
    "code": CASE_CODE,
    "organisation": "east-civil-affairs",
    "parent": IMPLEMENTATION_CODE,
    "fields": {"name": {"zh": "补领结婚证", "en": "A new marriage certificate"}},
    "because": {"name": "另一办理情形"},
}
TOPIC: dict[str, Any] = {
    "level": "topic",
    "code": "marriage",
    "organisation": "city",
    "fields": {"name": {"zh": "婚姻", "en": "Marriage"}, "alternate_names": [{"zh": "安枕置业"}]},
}
LIFE_EVENT: dict[str, Any] = {
    "level": "life_event",
    "code": "getting-married",
    "organisation": "city",
    "fields": {
        "name": {"zh": "双喜临门", "en": "Getting married"},
        "summary": {"zh": "结婚要办的几件事。", "en": "What has to be done to marry."},
        "audience": ["person"],
        "steps": [{"entry": ITEM_CODE}, {"entry": CASE_CODE, "after": [ITEM_CODE], "optional": True}],
    },
}


def document(sample: dict[str, Any], **fields: Any) -> EntryDocument:
    """Return a sample with some of its fields replaced, or taken out by None."""
    raw = deepcopy(sample)
    raw["fields"] |= fields
    raw["fields"] = {name: value for name, value in raw["fields"].items() if value is not None}
    return read_entry(raw)


def layer(sample: dict[str, Any], **fields: Any) -> Layer:
    made = document(sample, **fields)
    return Layer(made.code, made.level, made.organisation, 1, made.fields)


def subject(sample: dict[str, Any], **fields: Any) -> Subject:
    """Return the sample as rules judge it, without what it would inherit."""
    made = document(sample, **fields)
    return Subject(
        code=made.code,
        level=made.level,
        fields=made.fields,
        own=made.fields,
        today=TODAY,
        operations=frozenset({"query marriage.offices"}),
    )
