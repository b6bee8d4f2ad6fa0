"""Which of the platform's own fields is for whom: every type has a policy, and some of its fields one of their own.

A type that has none makes the schema impossible to build, so nobody can forget one. The check runs before a field's
resolver; what a resident may see of a department's operations is in its manifest.
"""

from collections.abc import Callable, Mapping
from typing import Any

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema, default_field_resolver

from auth.policies import refusal
from schema.context import Context
from supergraph.slice import Access

Policies = Mapping[str, Access]
"""By type (``CatalogService``) or by field (``Mutation.signOut``), which wins."""

PLAIN = "attribute"
"""The extension of a field that is nothing but an attribute of its object, for everybody: which one."""
_DEFINITION = "strawberry-definition"


def guard(schema: GraphQLSchema, policies: Policies) -> None:
    """Have every field of the schema check its policy. Raises LookupError naming what has none, or does not exist."""
    unused = set(policies)
    for name, type_ in schema.type_map.items():
        if isinstance(type_, GraphQLObjectType) and not name.startswith("__"):
            for field_name, field in type_.fields.items():
                found = [each for each in (f"{name}.{field_name}", name) if each in policies]
                if not found:
                    raise LookupError(f"{name}.{field_name} has no policy: add it to the POLICIES of its module")
                unused.difference_update(found)
                _guard(field, policies[found[0]])
    if unused:
        raise LookupError(f"policies of what does not exist: {', '.join(sorted(unused))}")


def _guard(field: GraphQLField, access: Access) -> None:
    field.extensions = {**field.extensions, "access": access}
    definition = field.extensions.get(_DEFINITION)
    if access.level == "public" and definition is not None and definition.is_basic_field:
        field.extensions[PLAIN] = definition.python_name
    if access.level != "public" and field.subscribe is not None:
        field.subscribe = _guarded(field.subscribe, access)  # its results have been asked for by then
    elif access.level != "public":
        field.resolve = _guarded(field.resolve or default_field_resolver, access)


def _guarded(resolve: Callable[..., Any], access: Access) -> Callable[..., Any]:
    def guarded(source: Any, info: Any, **arguments: Any) -> Any:
        context: Context = info.context
        if (refused := refusal(access, context.token)) is not None:
            raise refused
        return resolve(source, info, **arguments)

    return guarded
