"""How private operations' answers and their fields are: what the manifest says, and what follows if it is silent."""

from collections.abc import Mapping

from supergraph.slice import ObjectType, Operation, Privacy, PrivacyRule, Slice

Rules = Mapping[str, PrivacyRule]
"""Of the fields that have one, by coordinate: ``HospitalPatient.idNumber``."""


def privacy_of(operation: Operation) -> Privacy:
    """Return an operation's class: the manifest's, else personal for whatever is not for everybody."""
    if operation.privacy is not None:
        return operation.privacy.kind
    return "public" if operation.access.level == "public" else "personal"


def field_rules(slice_: Slice) -> Rules:
    """Return the rules of a slice's fields."""
    return {
        f"{type_.name}.{field.name}": field.privacy
        for type_ in slice_.types.values()
        if isinstance(type_, ObjectType)
        for field in type_.fields
        if field.privacy is not None
    }
