"""The publish-time rules, all of them. Each is a line here and a check in one of the files below; none is optional."""

from services_catalog.entries import content_rules, demand_rules, place_rules, plain_rules, time_rules, together_rules
from services_catalog.entries.rule import Rule

RULES: tuple[Rule, ...] = (
    *content_rules.RULES,
    *demand_rules.RULES,
    *time_rules.RULES,
    *place_rules.RULES,
    *plain_rules.RULES,
    *together_rules.RULES,
)
