"""Everything about other people's accounts and things. The services ask again who is an administrator."""

from gateway.clients.administration import AdministrationClient
from gateway.clients.managed import ManagedClient
from gateway.identity.auth_guard import requires_role
from gateway.identity.token_cache import TokenCache
from gateway.module import module
from gateway.modules.administration.controller import AdministrationController
from gateway.modules.administration.conversions import ManagedConversionsController
from gateway.modules.administration.dead_letters import DeadLettersController


@module(
    controllers=[AdministrationController, ManagedConversionsController, DeadLettersController],
    guards=[requires_role("admin")],
)
class AdministrationModule:
    administration: AdministrationClient
    managed: ManagedClient
    tokens: TokenCache
