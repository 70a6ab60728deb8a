"""Administration. auth_service and the converter check the administrator's role again."""

from gateway.clients.audit_log import AuditLog
from gateway.clients.auth import AuthService
from gateway.identity.auth_guard import requires_role
from gateway.identity.token_cache import TokenCache
from gateway.module import module
from gateway.modules.administration.audit import AuditController
from gateway.modules.administration.conversions import ManagedConversionsController
from gateway.modules.administration.dead_letters import DeadLettersController
from gateway.modules.administration.overview import OverviewController
from gateway.modules.administration.users import UsersController
from gateway.proxy.relay import Relay


@module(
    controllers=[
        OverviewController,
        UsersController,
        AuditController,
        ManagedConversionsController,
        DeadLettersController,
    ],
    guards=[requires_role("admin")],
)
class AdministrationModule:
    service: AuthService
    converter: Relay
    audit_log: AuditLog
    tokens: TokenCache
