"""Refresh and end of a session, together with the access tokens that this gateway has cached."""

from dataclasses import dataclass

from gateway.clients.auth import AuthService, SessionEnded
from gateway.identity.principal import Principal
from gateway.identity.token_cache import TokenCache
from shared.contracts.sessions import TokenPair


@dataclass(frozen=True, slots=True)
class AccountSessions:
    """Other gateways learn of the end by a broker event; this one drops the tokens before it answers."""

    service: AuthService
    tokens: TokenCache

    async def refresh(self, refresh_token: str) -> TokenPair:
        """Raises SessionEnded, also if the token was used before: all tokens of its session end then."""
        try:
            return await self.service.refresh(refresh_token)
        except SessionEnded as ended:
            self.tokens.revoke_session(ended.session_id)
            raise

    async def end(self, caller: Principal) -> None:
        with self.tokens.changing(caller.user_id):
            await self.service.log_out(caller)
        if caller.session_id is not None:
            self.tokens.revoke_session(caller.session_id)
