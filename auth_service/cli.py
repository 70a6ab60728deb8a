"""What an operator does from the command line: `create-admin <email>` and `rotate-keys`."""

import getpass
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID, uuid4

from auth_service.accounts.registration import NEW_ACCOUNT_ROLES, checked_address
from auth_service.admin.service import ADMIN, Actor, Administration
from auth_service.database.engine import Database
from auth_service.introspection.service import KEY_TOKEN_TTL
from auth_service.migrations.upgrade import migrate
from auth_service.models import User
from auth_service.passwords.hasher import PasswordHashing
from auth_service.passwords.new_password import NewPasswords
from auth_service.passwords.policy import Argon2Cost, PasswordHash, common_passwords
from auth_service.repository import Repository, Store
from auth_service.sessions.revocation import Revoking
from auth_service.settings import CommandSettings
from auth_service.throttle.client import Client
from auth_service.tokens.key_rotation import Rotation
from shared.errors import ServiceError
from shared.settings import Secret

OPERATOR = Actor(None, Client())
USAGE = "usage: python -m auth_service [create-admin <email> | rotate-keys]"


class BadCommand(Exception):
    """Its message says what a command looks like, or why it cannot be carried out."""


class Operating:
    """There is no default account (ASVS 5.0 §6.3.2): whoever can run this makes the first administrator."""

    def __init__(
        self,
        settings: CommandSettings,
        store: Store,
        new_passwords: NewPasswords,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._new_passwords = new_passwords
        self._now = now
        revoking = Revoking(now=now, new_id=uuid4)
        self._administration = Administration(store=store, revoking=revoking, now=now, announced=_nobody)
        self._rotation = Rotation(store, max(settings.access_token_ttl, KEY_TOKEN_TTL), now)

    async def create_admin(self, email: str, password: Callable[[], str]) -> str:
        """Promotes an account that is there; else makes one, asking for its `password`. Says what was done.

        The operator's word is enough for the address. Raises InvalidRequest, WeakPassword.
        """
        address = checked_address(email)
        async with self._store.transaction() as repository:
            user = await repository.users.by_address(address)
            if user is not None:
                return await self._promote(repository, user.id, email)
        made = User(
            id=uuid4(),
            email=email,
            email_canonical=address,
            email_verified_at=self._now(),
            password_hash=await self._new_passwords.hashed(password(), email),
            roles=[*NEW_ACCOUNT_ROLES, ADMIN],
            created_at=self._now(),
        )
        async with self._store.transaction() as repository:
            if not await repository.users.add(made):
                raise BadCommand(f"{email} was registered at this very moment; try again")
            await self._record(repository, "admin_created", made.id)
        return f"{email} is an administrator with a new account"

    async def rotate_keys(self) -> str:
        async with self._store.transaction() as repository:
            key = await self._rotation.rotate_within(repository)
            await self._record(repository, "keys_rotated", None)
        return f"{key.kid} signs in a few seconds; the keys before it verify until their tokens have expired"

    async def _promote(self, repository: Repository, user_id: UUID, email: str) -> str:
        user = await repository.users.locked(user_id)
        if user is None:
            raise BadCommand(f"{email} was deleted at this very moment; try again")
        if ADMIN in user.roles:
            return f"{email} is an administrator already"
        user.roles = [*user.roles, ADMIN]
        await self._record(repository, "admin_promoted", user.id)
        return f"{email} is an administrator from now on"

    async def _record(self, repository: Repository, action: str, subject: UUID | None) -> None:
        await self._administration.record(repository, OPERATOR, action, subject, {})


@asynccontextmanager
async def operating(settings: CommandSettings, now: Callable[[], datetime]) -> AsyncIterator[Operating]:
    """On tables that are up to date: the service itself need not have run before."""
    await migrate(settings.database_url, now)
    database = Database(settings.database_url)
    database.open()
    hashing = PasswordHashing(PasswordHash(Argon2Cost()), 1)
    try:
        yield Operating(settings, Store(database), NewPasswords(hashing, common_passwords()), now)
    finally:
        hashing.close()
        await database.close()


async def carry_out(arguments: Sequence[str], settings: CommandSettings, now: Callable[[], datetime]) -> str:
    """What was done, in one line. Raises BadCommand."""
    try:
        match arguments:
            case ["rotate-keys"]:
                async with operating(settings, now) as operator:
                    return await operator.rotate_keys()
            case ["create-admin", email]:
                async with operating(settings, now) as operator:
                    return await operator.create_admin(email, lambda: _password(settings.admin_password))
            case _:
                raise BadCommand(USAGE)
    except ServiceError as refused:
        told = [f"{error.field} {error.message}" for error in refused.errors] or [refused.detail]
        raise BadCommand("; ".join(told)) from refused


def _password(given: Secret | None) -> str:
    """From the settings, else from a person, else the first line of standard input. Never an argument: those
    are seen by everybody on the machine.
    """
    if given is not None:
        return given.reveal()
    if sys.stdin.isatty():
        return getpass.getpass("Password for the new account: ")
    return sys.stdin.readline().rstrip("\r\n")


def _nobody() -> None:
    """The service's own relay finds stored events within seconds."""
