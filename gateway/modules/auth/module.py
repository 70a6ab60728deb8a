"""Everything about accounts."""

from gateway.clients.auth import AuthClient
from gateway.idempotency.service import Once
from gateway.identity.token_cache import TokenCache
from gateway.module import module
from gateway.modules.auth.browser import BrowserCookie
from gateway.modules.auth.controller import AuthController, KeysController
from gateway.modules.auth.providers import ProvidersController


@module(controllers=[AuthController, ProvidersController, KeysController])
class AuthModule:
    auth: AuthClient
    tokens: TokenCache
    browser_cookie: BrowserCookie
    once: Once
