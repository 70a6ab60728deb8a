"""Signing in with a provider, from the question to tokens: each step once, in one browser, in time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from urllib.parse import urlencode

import msgspec

from auth_service.errors import bad_field
from auth_service.models import OAuthAttempt, OAuthHandover, User
from auth_service.oauth.account_link import Linking, Overtaken
from auth_service.oauth.errors import Disabled, NotPending, ProviderAway
from auth_service.oauth.one_time_value import answers, digest, is_value, new_value
from auth_service.oauth.providers.ports import Answer, Identity, Pending, Provider
from auth_service.repository import Repository, Store
from auth_service.sessions.service import Sessions, TokenPair
from auth_service.throttle.client import Client
from auth_service.tokens.issuer import AccessTokens
from auth_service.tokens.signing_key import KeyPair
from shared.errors import NotFound, ServiceError, Unavailable

ATTEMPT_LIFETIME = timedelta(minutes=10)
# RFC 6749 §4.1.2 recommends ten minutes at most; a front end redeems its code at once.
HANDOVER_LIFETIME = timedelta(minutes=1)
PROVIDER_S = 5.0
# How often it is tried again when the account changed under it.
TRIES = 3


class FrontEnd(msgspec.Struct, frozen=True):
    """Where a browser goes afterwards, and the S256 challenge of who may use the code that it brings there.

    Without it the code could be planted in somebody else's browser (RFC 9700 §4.7.1).
    """

    redirect_uri: str
    code_challenge: str


class Begun(msgspec.Struct, frozen=True):
    """`browser` is to be kept by the browser, and shown at the end, for `lifetime`."""

    location: str
    browser: str
    lifetime: timedelta


class ProviderSignIns:
    """`callback` is the address, with `{provider}` in it, at which browsers come back."""

    def __init__(
        self,
        *,
        store: Store,
        tokens: AccessTokens,
        sessions: Sessions,
        linking: Linking,
        providers: Mapping[str, Provider],
        redirect_urls: Collection[str],
        callback: str,
        now: Callable[[], datetime],
        announced: Callable[[], None],
    ) -> None:
        self._store = store
        self._tokens = tokens
        self._sessions = sessions
        self._linking = linking
        self._providers = providers
        self._redirect_urls = redirect_urls
        self._callback = callback
        self._now = now
        self._announced = announced

    async def begin(self, name: str, browser: str | None, front_end: FrontEnd | None) -> Begun:
        """Raises NotFound for a provider that is not configured, InvalidRequest, Unavailable.

        A browser that has begun before keeps its secret, so that two of its tabs do not disturb each other.
        """
        provider = self._provider(name)
        self._refuse_unknown(front_end)
        browser = browser if browser is not None and is_value(browser) else new_value()
        pending = self._pending(name, new_value(), new_value(), new_value())
        async with _patience():
            location = await provider.question(pending)
        attempt = OAuthAttempt(
            state=digest(pending.state),
            browser=digest(browser),
            provider=name,
            nonce=pending.nonce,
            code_verifier=pending.code_verifier,
            redirect_uri=front_end.redirect_uri if front_end else None,
            code_challenge=front_end.code_challenge if front_end else None,
            expires_at=self._now() + ATTEMPT_LIFETIME,
        )
        async with self._store.transaction() as repository:
            await repository.attempts.add(attempt, self._now())
        return Begun(location, browser, ATTEMPT_LIFETIME)

    async def finish(
        self, name: str, browser: str, state: str, answer: Answer, client: Client
    ) -> TokenPair | str:
        """Tokens; or, where the sign-in was begun for a front end, where to send the browser: with a one-time
        `code`, or with the `error` that would have been raised.

        Raises NotFound, NotPending, Cancelled, Refused, Unavailable, and what Linking.account raises.
        """
        provider = self._provider(name)
        attempt = await self._take(name, browser, state)
        try:
            pending = self._pending(name, state, attempt.nonce, attempt.code_verifier)
            async with _patience():
                identity = await provider.identify(answer, pending)
            return await self._admit(identity, attempt, client)
        except ServiceError as error:
            if attempt.redirect_uri is None:
                raise
            return _redirect(attempt.redirect_uri, error=error.code)

    async def redeem(self, code: str, verifier: str, client: Client) -> TokenPair:
        """The other half of a hand-over. Raises NotPending, Disabled."""
        key = await self._tokens.key()
        async with self._store.transaction() as repository:
            handover = await repository.attempts.take_over(digest(code), self._now())
            user = await repository.identities.account(handover.user_id) if handover else None
            # Spent also by whoever cannot prove to be the front end: there is no second guess.
            if handover is None or user is None or not answers(handover.code_challenge, verifier):
                user = None
            elif user.disabled_at is None:
                return await self._begin(repository, user, key, client)
        raise NotPending if user is None else Disabled

    def _provider(self, name: str) -> Provider:
        provider = self._providers.get(name)
        if provider is None:
            raise NotFound
        return provider

    def _refuse_unknown(self, front_end: FrontEnd | None) -> None:
        """RFC 9700 §2.1: compared as texts, with the addresses that an operator has named."""
        if front_end is None:
            return
        if front_end.redirect_uri not in self._redirect_urls:
            raise bad_field("redirect_uri", "is not one of those that are allowed")
        if not is_value(front_end.code_challenge):
            raise bad_field("code_challenge", "must be the base64url-encoded SHA-256 of a code verifier")

    def _pending(self, name: str, state: str, nonce: str, code_verifier: str) -> Pending:
        return Pending(state, nonce, code_verifier, self._callback.format(provider=name))

    async def _take(self, name: str, browser: str, state: str) -> OAuthAttempt:
        """Once (RFC 9700 §4.5.3): of two requests that come with one state, one gets it."""
        async with self._store.transaction() as repository:
            attempt = await repository.attempts.take(digest(state), digest(browser), name, self._now())
        if attempt is None:
            raise NotPending
        return attempt

    async def _admit(self, identity: Identity, attempt: OAuthAttempt, client: Client) -> TokenPair | str:
        key = await self._tokens.key()
        for _ in range(TRIES):
            with suppress(Overtaken):
                async with self._store.transaction() as repository:
                    user = await self._linking.account(repository, identity)
                    if attempt.redirect_uri is None or attempt.code_challenge is None:
                        return await self._begin(repository, user, key, client)
                    return await self._hand_over(
                        repository, user, attempt.redirect_uri, attempt.code_challenge
                    )
        raise Unavailable("The account is being changed.")

    async def _begin(self, repository: Repository, user: User, key: KeyPair, client: Client) -> TokenPair:
        """As with a password: whoever got in from this network is no stranger in it from now on."""
        await repository.users.remember_network(user.id, client.network, self._now())
        return await self._sessions.begin(repository, user, key, client)

    async def _hand_over(
        self, repository: Repository, user: User, redirect_uri: str, code_challenge: str
    ) -> str:
        code = new_value()
        handover = OAuthHandover(
            code=digest(code),
            user_id=user.id,
            code_challenge=code_challenge,
            expires_at=self._now() + HANDOVER_LIFETIME,
        )
        await repository.attempts.hand_over(handover)
        return _redirect(redirect_uri, code=code)


def _redirect(target: str, **parameters: str) -> str:
    """Never with a token in it (RFC 9700 §4.3.2)."""
    return target + ("&" if "?" in target else "?") + urlencode(parameters)


@asynccontextmanager
async def _patience() -> AsyncIterator[None]:
    """For all that a provider is asked in one request."""
    try:
        async with asyncio.timeout(PROVIDER_S):
            yield
    except TimeoutError:
        raise ProviderAway from None
