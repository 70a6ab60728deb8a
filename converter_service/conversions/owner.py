"""Whose a conversion is."""

from msgspec import Struct


class Owner(Struct, frozen=True):
    """Whom a conversion belongs to, and where the mail about it goes: nowhere, when that is empty.

    `roles` are those of a person; an API key lends none.
    """

    id: str
    email: str
    roles: frozenset[str] = frozenset()
