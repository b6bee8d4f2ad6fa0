"""Texts in the languages that the platform speaks."""

import strawberry

from auth.policies import PUBLIC

POLICIES = {"LocalizedText": PUBLIC}


@strawberry.type(description="A text in the languages that the platform speaks.")
class LocalizedText:
    """A text in each language."""

    zh: str
    en: str
