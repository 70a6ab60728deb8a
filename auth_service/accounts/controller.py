"""Getting an account, and changing one's own."""

from litestar import Controller, delete, get, patch, post
from litestar.di import Provide
from litestar.params import JSONBody
from litestar.status_codes import HTTP_204_NO_CONTENT

from auth_service.accounts.registration import Accounts
from auth_service.accounts.schemas import (
    ChangeAccount,
    ChangePassword,
    DeleteAccount,
    Register,
    account,
    own_account,
)
from auth_service.accounts.service import OwnAccount
from auth_service.caching import NO_STORE
from auth_service.introspection.authentication import origin, signed_in
from auth_service.introspection.service import Caller
from auth_service.throttle.client import Client
from shared.contracts.accounts import Account
from shared.http import Injected


class AccountController(Controller):
    path = "/v1/auth"
    cache_control = NO_STORE
    dependencies = {  # noqa: RUF012 - Litestar's own form
        "caller": Provide(signed_in),
        "client": Provide(origin, sync_to_thread=False),
    }

    @post("/register")
    async def register(
        self, data: JSONBody[Register], accounts: Injected[Accounts], client: Injected[Client]
    ) -> Account:
        return account(await accounts.register(data.email, data.password, client))

    @get("/me")
    async def me(self, caller: Injected[Caller]) -> Account:
        return own_account(caller)

    @patch("/me")
    async def change(
        self,
        data: JSONBody[ChangeAccount],
        caller: Injected[Caller],
        client: Injected[Client],
        own_account: Injected[OwnAccount],
    ) -> Account:
        return account(
            await own_account.change_email(caller.claims, data.current_password, data.email, client)
        )

    @delete("/me")
    async def delete(
        self,
        data: JSONBody[DeleteAccount],
        caller: Injected[Caller],
        client: Injected[Client],
        own_account: Injected[OwnAccount],
    ) -> None:
        await own_account.delete(caller.claims, data.password, client)

    @post("/password/change", status_code=HTTP_204_NO_CONTENT)
    async def change_password(
        self,
        data: JSONBody[ChangePassword],
        caller: Injected[Caller],
        client: Injected[Client],
        own_account: Injected[OwnAccount],
    ) -> None:
        await own_account.change_password(caller.claims, data.current_password, data.password, client)
