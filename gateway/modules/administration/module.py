"""Everything about other people's accounts. auth_service asks again who is an administrator."""

from gateway.clients.administration import AdministrationClient
from gateway.core.guards import requires_role
from gateway.core.module import module
from gateway.core.token_cache import TokenCache
from gateway.modules.administration.controller import AdministrationController


@module(controllers=[AdministrationController], guards=[requires_role("admin")])
class AdministrationModule:
    administration: AdministrationClient
    tokens: TokenCache
