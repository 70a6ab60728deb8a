"""Everything about one's own account."""

from gateway.clients.accounts import AccountClient
from gateway.idempotency.service import Once
from gateway.identity.token_cache import TokenCache
from gateway.module import module
from gateway.modules.accounts.account import AccountController
from gateway.modules.accounts.api_keys import ApiKeysController
from gateway.modules.accounts.identities import IdentitiesController
from gateway.modules.accounts.recovery import RecoveryController
from gateway.modules.accounts.sessions import SessionsController


@module(
    controllers=[
        AccountController,
        RecoveryController,
        SessionsController,
        ApiKeysController,
        IdentitiesController,
    ]
)
class AccountsModule:
    accounts: AccountClient
    tokens: TokenCache
    once: Once
