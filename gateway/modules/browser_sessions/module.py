"""Sessions of the page for people."""

from gateway.clients.account_sessions import AccountSessions
from gateway.clients.auth import AuthService
from gateway.identity.same_origin import same_origin
from gateway.module import module
from gateway.modules.browser_sessions.controller import BrowserSessionController
from gateway.modules.browser_sessions.session_cookie import SessionCookie


@module(controllers=[BrowserSessionController], guards=[same_origin])
class BrowserSessionsModule:
    service: AuthService
    sessions: AccountSessions
    session_cookie: SessionCookie
