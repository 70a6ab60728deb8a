"""Bodies of the linked identity endpoints."""

from collections.abc import Mapping, Sequence

import msgspec

from auth_service.oauth.identities.model import LinkedIdentity
from auth_service.oauth.identities.service import public_id
from shared.contracts.oauth import IdentityList, ProviderIdentity


class ProviderNames(msgspec.Struct, frozen=True):
    """Names of the configured providers by issuer."""

    by_issuer: Mapping[str, str]


def identity_list(identities: Sequence[LinkedIdentity], names: ProviderNames) -> IdentityList:
    return IdentityList(
        tuple(
            ProviderIdentity(
                id=public_id(each),
                provider=names.by_issuer.get(each.issuer),
                issuer=each.issuer,
                created_at=each.created_at,
                last_used_at=each.last_used_at,
            )
            for each in identities
        )
    )
