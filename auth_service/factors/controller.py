"""Endpoints of second factors and of fresh proofs."""

from uuid import UUID

from litestar import Controller, delete, get, post
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_204_NO_CONTENT

from auth_service.audit.activity.caller import Caller
from auth_service.errors import bad_field
from auth_service.factors.answer import parse_answer
from auth_service.factors.passkey_registration import PasskeyRegistration
from auth_service.factors.proofs import FactorProofs
from auth_service.factors.schemas import added_passkey, factor_list
from auth_service.factors.service import Factors
from auth_service.passwords.proofs import Proofs
from shared.contracts.factors import (
    AddedPasskey,
    AddedTotp,
    ConfirmFactor,
    FactorList,
    GiveProof,
    NewPasskey,
    NewTotp,
    RecoveryCodes,
)
from shared.contracts.sessions import CurrentPassword
from shared.contracts.webauthn import CreationOptions, RequestOptions
from shared.http import Injected
from shared.identity.scopes import open_without_factor


class FactorController(Controller):
    """Every change needs a fresh proof."""

    path = "/v1/auth/factors"
    opt = open_without_factor()

    @get()
    async def list_own(self, caller: Injected[Caller], factors: Injected[Factors]) -> FactorList:
        return factor_list(*await factors.list(caller.user_id))

    @post("/totp")
    async def add_totp(
        self,
        caller: Injected[Caller],
        factor_proofs: Injected[FactorProofs],
        factors: Injected[Factors],
        data: JSONBody[NewTotp | None] = None,
    ) -> AddedTotp:
        await factor_proofs.require(caller, data.current_password if data else None)
        return await factors.add_totp(caller, data.name if data else None)

    @post("/{factor_id:uuid}/confirm", status_code=HTTP_200_OK)
    async def confirm(
        self,
        factor_id: FromPath[UUID],
        data: JSONBody[ConfirmFactor],
        caller: Injected[Caller],
        factor_proofs: Injected[FactorProofs],
        factors: Injected[Factors],
    ) -> RecoveryCodes:
        await factor_proofs.require(caller, data.current_password)
        return RecoveryCodes(await factors.confirm(caller, factor_id, data.code))

    @delete("/{factor_id:uuid}")
    async def remove(
        self,
        factor_id: FromPath[UUID],
        caller: Injected[Caller],
        factor_proofs: Injected[FactorProofs],
        factors: Injected[Factors],
        data: JSONBody[CurrentPassword | None] = None,
    ) -> None:
        await factor_proofs.require(caller, data.current_password if data else None)
        await factors.remove(caller, factor_id)

    @post("/recovery-codes", status_code=HTTP_200_OK)
    async def renew_recovery_codes(
        self,
        caller: Injected[Caller],
        factor_proofs: Injected[FactorProofs],
        factors: Injected[Factors],
        data: JSONBody[CurrentPassword | None] = None,
    ) -> RecoveryCodes:
        await factor_proofs.require(caller, data.current_password if data else None)
        return RecoveryCodes(await factors.renew_recovery_codes(caller))

    @post("/passkeys/options", status_code=HTTP_200_OK)
    async def passkey_options(
        self,
        caller: Injected[Caller],
        factor_proofs: Injected[FactorProofs],
        passkey_registration: Injected[PasskeyRegistration],
        data: JSONBody[CurrentPassword | None] = None,
    ) -> CreationOptions:
        await factor_proofs.require(caller, data.current_password if data else None)
        return await passkey_registration.options(caller)

    @post("/passkeys")
    async def add_passkey(
        self,
        data: JSONBody[NewPasskey],
        caller: Injected[Caller],
        factor_proofs: Injected[FactorProofs],
        passkey_registration: Injected[PasskeyRegistration],
    ) -> AddedPasskey:
        await factor_proofs.require(caller, data.current_password)
        return added_passkey(*await passkey_registration.add(caller, data.name, data.credential))


class ProofController(Controller):
    path = "/v1/auth/proof"
    opt = open_without_factor()

    @post(status_code=HTTP_204_NO_CONTENT)
    async def prove(
        self,
        data: JSONBody[GiveProof],
        caller: Injected[Caller],
        proofs: Injected[Proofs],
        factor_proofs: Injected[FactorProofs],
    ) -> None:
        if data.password is None:
            await factor_proofs.prove(caller, parse_answer(data.code, data.credential))
        elif data.code is None and data.credential is None:
            await proofs.prove(caller, data.password)
        else:
            raise bad_field("password", "give one of password, code and credential")

    @post("/options", status_code=HTTP_200_OK)
    async def options(
        self, caller: Injected[Caller], factor_proofs: Injected[FactorProofs]
    ) -> RequestOptions:
        return await factor_proofs.options(caller)
