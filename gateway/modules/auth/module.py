"""Everything about accounts."""

from gateway.clients.auth import AuthClient
from gateway.core.idempotency import Once
from gateway.core.module import module
from gateway.modules.auth.controller import AuthController, KeysController


@module(controllers=[AuthController, KeysController])
class AuthModule:
    auth: AuthClient
    once: Once
