"""The owner of a conversion."""

from msgspec import Struct


class Owner(Struct, frozen=True):
    """The account that a conversion belongs to; `email` receives its notifications, none when empty.

    `roles` are the account's; empty for a request with an API key.
    """

    id: str
    email: str
    roles: frozenset[str] = frozenset()
