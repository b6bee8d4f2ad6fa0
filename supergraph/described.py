"""What a field's description says of it beside the document's own words. Introspection shows no directives."""

from supergraph.slice import Access, Operation, PrivacyRule


def for_whom(access: Access) -> str:
    """Say for whom something is: ``residents known at L2 or above``."""
    if access.level == "public":
        return "everybody"
    whom = "residents who are signed in" if access.level == "L1" else f"residents known at {access.level} or above"
    scope = f", with the scope {access.scope}" if access.scope else ""
    return whom + scope + (f", who agreed to {access.consent}" if access.consent else "")


def costs(operation: Operation) -> str:
    """Say what a call costs: ``2 for each of `limit` (20 if not given)``."""
    if operation.list_size is None:
        return str(operation.cost)
    arguments = " or ".join(f"`{each}`" for each in operation.list_size.arguments)
    return f"{operation.cost} for each of {arguments} ({operation.list_size.assumed} if not given)"


def of_operation(operation: Operation) -> str | None:
    """Return a root field's description: the document's, and what is not as it is with most operations."""
    said = [] if operation.access.level == "public" else [f"For {for_whom(operation.access)}."]
    if operation.privacy is not None:
        said.append(f"Its answers are {operation.privacy.kind}.")
    if operation.list_size is not None or operation.cost != 1:
        said.append(f"Costs {costs(operation)}.")
    if operation.fresh_seconds is not None:
        said.append(f"Up to {operation.fresh_seconds} s old.")
    return _joined(operation.description, said)


def of_field(description: str, rule: PrivacyRule | None) -> str | None:
    """Return the description of an answer's field."""
    if rule is None:
        return description or None
    needs = "" if rule.needs == "public" else f": for {for_whom(Access(rule.needs))}"
    return _joined(description, [f"{rule.kind.title()}{needs}."])


def _joined(description: str, said: list[str]) -> str | None:
    return "\n\n".join(filter(None, (description, " ".join(said)))) or None
