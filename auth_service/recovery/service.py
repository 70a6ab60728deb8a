"""What the links in mails do: prove an address, or set a password that was forgotten. Neither signs in."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from auth_service.errors import LinkRefused
from auth_service.mailer.mail_token import Purpose, fingerprint
from auth_service.mailer.service import Postman
from auth_service.models import User
from auth_service.passwords.new_password import NewPasswords
from auth_service.repository import Repository, Store
from auth_service.sessions.revocation import Revoking
from auth_service.throttle.client import Client
from auth_service.throttle.service import Throttle
from auth_service.users.address import BadAddress, canonical
from shared.contracts.events import AccountClaimed, PasswordChanged


class Recovery:
    """LinkRefused: the secret is made up, used or expired, or the account has changed its address since."""

    def __init__(
        self,
        *,
        store: Store,
        postman: Postman,
        new_passwords: NewPasswords,
        throttle: Throttle,
        revoking: Revoking,
        now: Callable[[], datetime],
        announced: Callable[[], None],
    ) -> None:
        self._store = store
        self._postman = postman
        self._new_passwords = new_passwords
        self._throttle = throttle
        self._revoking = revoking
        self._now = now
        self._announced = announced

    async def ask(self, purpose: Purpose, email: str) -> None:
        """The same for every address there is; what is none gets no mail and is not told so."""
        try:
            address = canonical(email)
        except BadAddress:
            return
        async with self._store.transaction() as repository:
            await self._postman.ask(repository, purpose, address)
        self._postman.wake()

    async def verify(self, secret: str) -> None:
        """Raises LinkRefused."""
        async with self._store.transaction() as repository:
            user = await self._use(repository, secret, Purpose.VERIFY_EMAIL)
            user.email_verified_at = user.email_verified_at or self._now()
            await repository.mails.drop_tokens(user.id, Purpose.VERIFY_EMAIL)

    async def reset(self, secret: str, password: str, client: Client) -> None:
        """All sessions end (ASVS 5.0 §7.4.3). Raises LinkRefused, and WeakPassword, after which the link is
        still good.

        Whoever could read the mail has proven the address, too (NIST SP 800-63B-4 §4.2.1.2).
        """
        new_hash = await self._new_passwords.hashed(password, await self._address_of(secret))
        async with self._store.transaction() as repository:
            user = await self._use(repository, secret, Purpose.RESET_PASSWORD)
            user.password_hash = new_hash
            sessions = await self._revoking.sessions(repository, user.id)
            if user.email_verified_at is None:
                await self._shut_out_who_was_here(repository, user, sessions)
                user.email_verified_at = self._now()
            await repository.attempts.forget(user.id)
            await repository.mails.drop_tokens(user.id, Purpose.RESET_PASSWORD)
            notice = PasswordChanged(user_id=str(user.id), recipient=user.email, changed_at=self._now())
            await self._postman.tell(repository, notice, user.email_canonical, verified=True)
            await self._throttle.succeeded(repository, user.email_canonical, user.id, client.network)
        self._announced()

    async def _shut_out_who_was_here(
        self, repository: Repository, user: User, sessions: Sequence[UUID]
    ) -> None:
        """Whoever had an account whose address nobody had proven may not have been the address's owner, and
        must not get in by a provider or an API key of theirs either, nor hear more of it: the "trojan
        identifier" of pre-hijacked accounts (Sudhodanan and Paverd, USENIX Security 2022).
        """
        await repository.identities.forget(user.id)
        keys = await self._revoking.keys(repository, user.id)
        claimed = AccountClaimed(
            user_id=str(user.id), claimed_at=self._now(), ended=tuple(map(str, (*sessions, *keys)))
        )
        await self._revoking.announce(repository, claimed, user.id)

    async def _address_of(self, secret: str) -> str:
        """Looked at before the work of hashing, which nobody gets for a made-up secret."""
        mark = fingerprint(secret, Purpose.RESET_PASSWORD)
        async with self._store.transaction() as repository:
            token = await repository.mails.token(mark, Purpose.RESET_PASSWORD, self._now())
        if token is None:
            raise LinkRefused
        return token.address

    async def _use(self, repository: Repository, secret: str, purpose: Purpose) -> User:
        token = await repository.mails.use_token(fingerprint(secret, purpose), purpose, self._now())
        user = await repository.users.locked(token.user_id) if token else None
        if token is None or user is None or user.disabled_at or user.email_canonical != token.address:
            raise LinkRefused
        return user
