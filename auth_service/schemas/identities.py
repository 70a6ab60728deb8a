"""Bodies: with which providers one signs in."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from auth_service.identities import public_id
from auth_service.models import LinkedIdentity


class ProviderIdentity(msgspec.Struct, frozen=True):
    """`provider` is the name to sign in with, null when it is not configured any more."""

    id: str
    provider: str | None
    issuer: str
    created_at: datetime
    last_used_at: datetime


class IdentityList(msgspec.Struct, frozen=True):
    items: tuple[ProviderIdentity, ...]


class ProviderNames(msgspec.Struct, frozen=True):
    by_issuer: Mapping[str, str]


def identities(found: Sequence[LinkedIdentity], names: ProviderNames) -> IdentityList:
    return IdentityList(
        tuple(
            ProviderIdentity(
                id=public_id(each),
                provider=names.by_issuer.get(each.issuer),
                issuer=each.issuer,
                created_at=each.created_at,
                last_used_at=each.last_used_at,
            )
            for each in found
        )
    )
