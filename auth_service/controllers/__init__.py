"""The account service over HTTP: a controller a noun. Whoever routes to the internal one guards it."""

from auth_service.controllers.account import AccountController
from auth_service.controllers.administration import AdministrationController
from auth_service.controllers.api_keys import ApiKeyController
from auth_service.controllers.identities import IdentityController
from auth_service.controllers.recovery import RecoveryController
from auth_service.controllers.sessions import SessionController
from auth_service.controllers.tokens import IntrospectionController, KeyController

__all__ = [
    "AccountController",
    "AdministrationController",
    "ApiKeyController",
    "IdentityController",
    "IntrospectionController",
    "KeyController",
    "RecoveryController",
    "SessionController",
]
