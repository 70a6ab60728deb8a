"""Bodies of the factor endpoints."""

import msgspec

from auth_service.factors import model
from shared.contracts.factors import AddedPasskey, Factor, FactorList


def factor_body(factor: model.Factor) -> Factor:
    return Factor(
        id=str(factor.id),
        kind=factor.kind,
        name=factor.name,
        confirmed=factor.confirmed_at is not None,
        created_at=factor.created_at,
        last_used_at=factor.last_used_at,
    )


def factor_list(factors: tuple[model.Factor, ...], recovery_codes_left: int) -> FactorList:
    return FactorList(tuple(map(factor_body, factors)), recovery_codes_left)


def added_passkey(factor: model.Factor, recovery_codes: tuple[str, ...]) -> AddedPasskey:
    return AddedPasskey(**msgspec.structs.asdict(factor_body(factor)), recovery_codes=recovery_codes)
