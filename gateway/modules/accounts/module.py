"""The user's own account."""

from gateway.clients.auth import AuthService
from gateway.idempotency.service import Idempotency
from gateway.identity.token_cache import TokenCache
from gateway.module import module
from gateway.modules.accounts.account import AccountController
from gateway.modules.accounts.activity import ActivityController
from gateway.modules.accounts.api_keys import ApiKeysController
from gateway.modules.accounts.email_verification import EmailVerificationController
from gateway.modules.accounts.factors import FactorsController
from gateway.modules.accounts.identities import IdentitiesController
from gateway.modules.accounts.password_reset import PasswordResetController
from gateway.modules.accounts.proof import ProofController
from gateway.modules.accounts.sessions import SessionsController


@module(
    controllers=[
        AccountController,
        PasswordResetController,
        EmailVerificationController,
        SessionsController,
        ProofController,
        FactorsController,
        ActivityController,
        ApiKeysController,
        IdentitiesController,
    ]
)
class AccountsModule:
    service: AuthService
    tokens: TokenCache
    idempotency: Idempotency
