"""Everything about accounts."""

from gateway.clients.auth import AuthClient
from gateway.core.module import module
from gateway.core.token_cache import TokenCache
from gateway.modules.auth.controller import AuthController, KeysController


@module(controllers=[AuthController, KeysController])
class AuthModule:
    auth: AuthClient
    tokens: TokenCache
