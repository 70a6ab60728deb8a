"""Account endpoints: registration, one's own account, and announcements of webhook changes."""

from typing import Any

from litestar import Controller, Request, delete, get, patch, post
from litestar.params import JSONBody
from litestar.status_codes import HTTP_204_NO_CONTENT

from auth_service.accounts.register import Registration
from auth_service.accounts.schemas import ChangeAccount, Register, account_of_user, own_account_of_user
from auth_service.accounts.service import OwnAccount
from auth_service.accounts.webhook_changes import WebhookChanges
from auth_service.audit.activity.caller import Caller
from auth_service.audit.activity.event import Event
from auth_service.introspection.authentication import CallerLookup
from auth_service.throttle.client import Client
from auth_service.throttle.gateway import forwarded_by_the_gateway
from auth_service.tokens.principal import Principal
from shared.contracts import accounts
from shared.contracts.accounts import Account, ChangePassword, DeleteAccount
from shared.contracts.webhooks import WebhookChange
from shared.http import Injected
from shared.identity.scopes import open_without_factor


class AccountController(Controller):
    path = "/v1/auth"

    @post("/register")
    async def register(
        self, data: JSONBody[Register], registration: Injected[Registration], client: Injected[Client]
    ) -> Account:
        return account_of_user(await registration.register(data.email, data.password, client))

    @get("/me", opt=open_without_factor())
    async def me(self, principal: Injected[Principal]) -> accounts.OwnAccount:
        """The account, taken from the principal without a query."""
        claims = principal.claims
        return accounts.OwnAccount(
            id=str(claims.sub),
            email=claims.email,
            roles=claims.roles,
            email_verified=claims.email_verified,
            created_at=principal.account_created_at,
            pending_email=principal.pending_email,
        )

    @patch("/me")
    async def change(
        self,
        data: JSONBody[ChangeAccount],
        caller: Injected[Caller],
        own_account: Injected[OwnAccount],
    ) -> accounts.OwnAccount:
        changed = await own_account.change_email(caller, data.current_password, data.email)
        return own_account_of_user(changed)

    @delete("/me")
    async def delete(
        self,
        data: JSONBody[DeleteAccount],
        caller: Injected[Caller],
        own_account: Injected[OwnAccount],
    ) -> None:
        await own_account.delete(caller, data.password)

    @post("/password/change", status_code=HTTP_204_NO_CONTENT)
    async def change_password(
        self,
        data: JSONBody[ChangePassword],
        caller: Injected[Caller],
        own_account: Injected[OwnAccount],
    ) -> None:
        await own_account.change_password(caller, data.current_password, data.password)


class WebhookChangeController(Controller):
    path = "/v1/auth/webhook-changes"

    @post(status_code=HTTP_204_NO_CONTENT, guards=[forwarded_by_the_gateway])
    async def announce(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[WebhookChange],
        caller_lookup: Injected[CallerLookup],
        client: Injected[Client],
        webhook_changes: Injected[WebhookChanges],
    ) -> None:
        """The gateway has checked the scope of an API key."""
        caller = Caller(await caller_lookup.find(request), client)
        await webhook_changes.announce(caller, Event(data.change), data.current_password)
