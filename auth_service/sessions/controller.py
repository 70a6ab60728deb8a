"""Signing in and out, and where one is signed in."""

from uuid import UUID

from litestar import Controller, delete, get, post
from litestar.di import Provide
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_204_NO_CONTENT

from auth_service.accounts.registration import Accounts
from auth_service.accounts.schemas import Login, Refresh, tokens
from auth_service.caching import NO_STORE
from auth_service.introspection.authentication import origin, signed_in
from auth_service.introspection.service import Caller
from auth_service.sessions.schemas import sessions as listed
from auth_service.sessions.service import Sessions
from auth_service.throttle.client import Client
from shared.contracts.sessions import SessionList, TokenPair
from shared.http import Injected


class SessionController(Controller):
    path = "/v1/auth"
    cache_control = NO_STORE
    dependencies = {  # noqa: RUF012 - Litestar's own form
        "caller": Provide(signed_in),
        "client": Provide(origin, sync_to_thread=False),
    }

    @post("/login", status_code=HTTP_200_OK)
    async def login(
        self, data: JSONBody[Login], accounts: Injected[Accounts], client: Injected[Client]
    ) -> TokenPair:
        return tokens(await accounts.sign_in(data.email, data.password, client))

    @post("/refresh", status_code=HTTP_200_OK)
    async def refresh(
        self, data: JSONBody[Refresh], sessions: Injected[Sessions], client: Injected[Client]
    ) -> TokenPair:
        return tokens(await sessions.refresh(data.refresh_token, client))

    @post("/logout", status_code=HTTP_204_NO_CONTENT)
    async def logout(self, caller: Injected[Caller], sessions: Injected[Sessions]) -> None:
        await sessions.end(caller.claims.sid)

    @get("/sessions")
    async def list_own(self, caller: Injected[Caller], sessions: Injected[Sessions]) -> SessionList:
        return listed(await sessions.of(caller.claims.sub), caller.claims.sid)

    @delete("/sessions/{session_id:uuid}")
    async def end_own(
        self, session_id: FromPath[UUID], caller: Injected[Caller], sessions: Injected[Sessions]
    ) -> None:
        await sessions.end_own(caller.claims.sub, session_id)
