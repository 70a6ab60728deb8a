"""Registration, login and logout."""

from gateway.clients.account_sessions import AccountSessions
from gateway.clients.auth import AuthService
from gateway.idempotency.service import Idempotency
from gateway.module import module
from gateway.modules.auth.browser_cookie import BrowserCookie
from gateway.modules.auth.jwks import KeysController
from gateway.modules.auth.login import LoginController
from gateway.modules.auth.providers import ProvidersController
from gateway.modules.auth.register import RegistrationController


@module(controllers=[RegistrationController, LoginController, ProvidersController, KeysController])
class AuthModule:
    service: AuthService
    sessions: AccountSessions
    browser_cookie: BrowserCookie
    idempotency: Idempotency
