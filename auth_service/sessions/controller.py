"""Session endpoints: login, refresh, logout, and the list of sessions."""

from uuid import UUID

from litestar import Controller, delete, get, post
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_204_NO_CONTENT

from auth_service.audit.activity.caller import Caller
from auth_service.factors.answer import parse_answer
from auth_service.factors.proofs import FactorProofs
from auth_service.sessions.factor_login import FactorLogin
from auth_service.sessions.login import PasswordLogin
from auth_service.sessions.refresh import TokenRefresh
from auth_service.sessions.schemas import Login, session_body
from auth_service.sessions.service import Sessions
from auth_service.throttle.client import Client
from auth_service.tokens.principal import Principal
from shared.contracts.factors import FinishLogin
from shared.contracts.sessions import CurrentPassword, Refresh, SessionList, TokenPair
from shared.http import Injected
from shared.identity.scopes import open_without_factor


class SessionController(Controller):
    path = "/v1/auth"

    @post("/login", status_code=HTTP_200_OK)
    async def login(
        self, data: JSONBody[Login], password_login: Injected[PasswordLogin], client: Injected[Client]
    ) -> TokenPair:
        return await password_login.login(data.email, data.password, client)

    @post("/login/factor", status_code=HTTP_200_OK)
    async def finish_login(
        self, data: JSONBody[FinishLogin], factor_login: Injected[FactorLogin], client: Injected[Client]
    ) -> TokenPair:
        return await factor_login.finish(data.factor_token, parse_answer(data.code, data.credential), client)

    @post("/refresh", status_code=HTTP_200_OK)
    async def refresh(
        self, data: JSONBody[Refresh], token_refresh: Injected[TokenRefresh], client: Injected[Client]
    ) -> TokenPair:
        return await token_refresh.refresh(data.refresh_token, client)

    @post("/logout", opt=open_without_factor(), status_code=HTTP_204_NO_CONTENT)
    async def logout(self, caller: Injected[Caller], sessions: Injected[Sessions]) -> None:
        await sessions.end(caller)

    @get("/sessions")
    async def list_own(self, principal: Injected[Principal], sessions: Injected[Sessions]) -> SessionList:
        found = await sessions.list(principal.claims.sub)
        return SessionList(tuple(session_body(each, principal.claims.sid) for each in found))

    @delete("/sessions/{session_id:uuid}")
    async def end_own(
        self,
        session_id: FromPath[UUID],
        caller: Injected[Caller],
        factor_proofs: Injected[FactorProofs],
        sessions: Injected[Sessions],
        data: JSONBody[CurrentPassword | None] = None,
    ) -> None:
        """Ending the caller's own session is a logout, which needs no fresh proof."""
        if session_id != caller.session_id:
            await factor_proofs.require(caller, data.current_password if data else None)
        await sessions.end_other(caller, session_id)
