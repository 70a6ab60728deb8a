"""Login with a provider: authorization request, authorization response, and handover to front ends."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from auth_service.database.engine import Database, Transaction
from auth_service.errors import SecondFactorRequired, bad_field
from auth_service.oauth.account_link import AccountLinker, ConcurrentChange
from auth_service.oauth.errors import AccountDisabled, NoPendingLogin, ProviderUnavailable
from auth_service.oauth.handover import FrontEnd, hand_over, redirect_target
from auth_service.oauth.model import OAuthAttempt
from auth_service.oauth.providers.ports import AuthorizationResponse, Identity, PendingLogin, Provider
from auth_service.oauth.random_value import digest, is_value, new_value, verify_challenge
from auth_service.oauth.repository import AttemptRepository, HandoverRepository
from auth_service.sessions.factor_login import FactorLogin
from auth_service.sessions.service import Sessions
from auth_service.throttle.client import Client
from auth_service.throttle.repository import KnownNetworkRepository
from auth_service.tokens.issuer import AccessTokens
from auth_service.users.model import User
from auth_service.users.repository import UserRepository
from shared.contracts.sessions import TokenPair
from shared.errors import NotFound, ServiceError, Unavailable
from shared.identity.key_pair import KeyPair

ATTEMPT_LIFETIME = timedelta(minutes=10)
PROVIDER_TIMEOUT_S = 5.0
# How often a login is repeated because the account was changed concurrently.
RETRIES = 3


class StartedLogin(msgspec.Struct, frozen=True):
    """`location` is the provider's authorization URL; `browser` is the secret for the browser's cookie, valid
    for `expires_in` seconds.
    """

    location: str
    browser: str
    expires_in: int


@dataclass(frozen=True, kw_only=True)
class ProviderLogin:
    """Signs in users with a provider; `callback` is the redirect URI at the gateway, with `{provider}` in
    it.
    """

    database: Database
    tokens: AccessTokens
    sessions: Sessions
    factor_login: FactorLogin
    linker: AccountLinker
    providers: Mapping[str, Provider]
    redirect_urls: Collection[str]
    callback: str
    now: Callable[[], datetime]

    async def start(self, name: str, browser: str | None, front_end: FrontEnd | None) -> StartedLogin:
        """Starts a login: stores an attempt and returns the authorization URL.

        Raises NotFound for a provider that is not configured, InvalidRequest, Unavailable.

        A browser that has a secret keeps it, so that logins in two of its tabs do not interfere.
        """
        provider = self._provider(name)
        self._check_front_end(front_end)
        browser = browser if browser is not None and is_value(browser) else new_value()
        pending = self._pending(name, new_value(), new_value(), new_value())
        async with _provider_timeout():
            location = await provider.authorization_url(pending)
        attempt = OAuthAttempt(
            state=digest(pending.state),
            browser=digest(browser),
            provider=name,
            nonce=pending.nonce,
            code_verifier=pending.code_verifier,
            redirect_uri=front_end.redirect_uri if front_end else None,
            code_challenge=front_end.code_challenge if front_end else None,
            expires_at=self.now() + ATTEMPT_LIFETIME,
        )
        async with self.database.transaction() as transaction:
            await AttemptRepository(transaction).add(attempt, self.now())
        return StartedLogin(location, browser, int(ATTEMPT_LIFETIME.total_seconds()))

    async def finish(
        self, name: str, browser: str, state: str, response: AuthorizationResponse, client: Client
    ) -> TokenPair | str:
        """Finishes a login; returns tokens or, if the login was started for a front end, its redirect target
        with a `code` or `error`.

        Raises NotFound and NoPendingLogin; without a front end also SecondFactorRequired, LoginCancelled,
        LoginRefused, Unavailable and the errors of AccountLinker.find_or_link. A front end is asked for the
        second factor when it redeems its code.
        """
        provider = self._provider(name)
        attempt = await self._take_attempt(name, browser, state)
        try:
            pending = self._pending(name, state, attempt.nonce, attempt.code_verifier)
            async with _provider_timeout():
                identity = await provider.identify(response, pending)
            return await self._log_in(identity, attempt, client)
        except ServiceError as error:
            if attempt.redirect_uri is None:
                raise
            return redirect_target(attempt.redirect_uri, error=error.code)

    async def redeem(self, code: str, verifier: str, client: Client) -> TokenPair:
        """Exchanges a front end's code for tokens. Raises NoPendingLogin, AccountDisabled,
        SecondFactorRequired.
        """
        key = await self.tokens.signing_key()
        async with self.database.transaction() as transaction:
            handover = await HandoverRepository(transaction).take(digest(code), self.now())
            user = await UserRepository(transaction).share_lock(handover.user_id) if handover else None
            outcome: TokenPair | ServiceError
            # A wrong verifier spends the code, too: there is no second guess.
            if handover is None or user is None or not verify_challenge(handover.code_challenge, verifier):
                outcome = NoPendingLogin()
            elif user.disabled_at is not None:
                outcome = AccountDisabled()
            else:
                outcome = await self._create_session(transaction, user, key, client)
        return _tokens(outcome)

    def _provider(self, name: str) -> Provider:
        provider = self.providers.get(name)
        if provider is None:
            raise NotFound
        return provider

    def _check_front_end(self, front_end: FrontEnd | None) -> None:
        """Compares the redirect URI with the configured ones as strings (RFC 9700 §2.1)."""
        if front_end is None:
            return
        if front_end.redirect_uri not in self.redirect_urls:
            raise bad_field("redirect_uri", "is not one of the configured redirect URLs")
        if not is_value(front_end.code_challenge):
            raise bad_field("code_challenge", "must be the base64url-encoded SHA-256 of a code verifier")

    def _pending(self, name: str, state: str, nonce: str, code_verifier: str) -> PendingLogin:
        return PendingLogin(state, nonce, code_verifier, self.callback.format(provider=name))

    async def _take_attempt(self, name: str, browser: str, state: str) -> OAuthAttempt:
        """Takes the stored attempt, once only (RFC 9700 §4.5.3). Raises NoPendingLogin."""
        async with self.database.transaction() as transaction:
            attempts = AttemptRepository(transaction)
            attempt = await attempts.take(digest(state), digest(browser), name, self.now())
        if attempt is None:
            raise NoPendingLogin
        return attempt

    async def _log_in(self, identity: Identity, attempt: OAuthAttempt, client: Client) -> TokenPair | str:
        key = await self.tokens.signing_key()
        for _ in range(RETRIES):
            with suppress(ConcurrentChange):
                async with self.database.transaction() as transaction:
                    user = await self.linker.find_or_link(transaction, identity, client)
                    if attempt.redirect_uri is not None and attempt.code_challenge is not None:
                        front_end = FrontEnd(attempt.redirect_uri, attempt.code_challenge)
                        return await hand_over(transaction, user, front_end, self.now)
                    outcome = await self._create_session(transaction, user, key, client)
                return _tokens(outcome)
        raise Unavailable("The account was changed concurrently.")

    async def _create_session(
        self, transaction: Transaction, user: User, key: KeyPair, client: Client
    ) -> TokenPair | SecondFactorRequired:
        """Creates a session, and marks the client's network as known, as a password login does; or begins the
        second step.
        """
        if required := await self.factor_login.begin(transaction, user, "provider"):
            return required
        await KnownNetworkRepository(transaction).remember(user.id, client.network, self.now())
        return await self.sessions.create(transaction, user, key, client, "provider")


def _tokens(outcome: TokenPair | ServiceError) -> TokenPair:
    """Raises an error that is the outcome of a transaction, which is committed all the same."""
    if isinstance(outcome, ServiceError):
        raise outcome
    return outcome


@asynccontextmanager
async def _provider_timeout() -> AsyncIterator[None]:
    """Bounds all calls to a provider within one request. Raises ProviderUnavailable."""
    try:
        async with asyncio.timeout(PROVIDER_TIMEOUT_S):
            yield
    except TimeoutError:
        raise ProviderUnavailable from None
