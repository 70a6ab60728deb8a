"""Operator commands: `create-admin <email>`, `remove-factors <email>`, `rotate-keys` and `migrate`."""

import getpass
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID, uuid4

from auth_service.audit.activity.service import ActivityLog
from auth_service.audit.actor import OPERATOR
from auth_service.audit.service import AuditLog
from auth_service.database.encryption import DataCipher
from auth_service.database.engine import Database, Transaction
from auth_service.database.outbox import EventWriter
from auth_service.factors.removal import FactorRemoval
from auth_service.mailer.service import AccountMailer, MailPolicy
from auth_service.migrations.upgrade import migrate
from auth_service.passwords.argon2 import Argon2Cost, PasswordHash
from auth_service.passwords.breached_list import breached_list
from auth_service.passwords.hasher import PasswordHasher
from auth_service.passwords.new_password import NewPasswords
from auth_service.sessions.revocation import Revocation
from auth_service.settings import CommandSettings
from auth_service.tokens.key_rotation import rotate_keys
from auth_service.users.address import parse_email_field
from auth_service.users.model import ADMIN, NEW_ACCOUNT_ROLES, User
from auth_service.users.repository import UserRepository
from shared.errors import ServiceError
from shared.settings import Secret

COMMANDS = "create-admin <email> | remove-factors <email> | rotate-keys | migrate | check-config"
USAGE = f"usage: python -m auth_service [{COMMANDS}]"
# Anyone can register an address that is not theirs, and would become an administrator.
UNVERIFIED = (
    "{email} has an account whose address is not verified, so another person may have registered it; reset "
    "its password by the mailed link, which verifies the address and ends earlier access, and try again"
)


class CommandError(Exception):
    """A command failed or was misused; the message explains it to the operator."""


class Commands:
    """The commands. The first administrator is created by `create-admin`, as there is no default account
    (ASVS 5.0 §6.3.2).
    """

    def __init__(
        self,
        settings: CommandSettings,
        database: Database,
        cipher: DataCipher,
        hasher: PasswordHasher,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._cipher = cipher
        self._new_passwords = NewPasswords(hasher, breached_list(settings.breached_passwords))
        self._now = now
        self._audit_log = AuditLog(database=database, now=now)
        events = EventWriter(now=now, new_id=uuid4, wake_relay=lambda: None)
        self._removal = FactorRemoval(
            revocation=Revocation(events, now),
            mailer=AccountMailer(
                database=database,
                events=events,
                policy=MailPolicy({}, settings.mails_per_hour, settings.require_verified_email),
                now=now,
            ),
            activity=ActivityLog(database, now),
        )
        self._longest_token = settings.access_token_ttl

    async def create_admin(self, email: str, password: Callable[[], str]) -> str:
        """Promotes an existing account with a verified address, or creates one, for which it calls
        `password`.

        Returns a message for the operator. Raises CommandError, also for an account that is disabled or whose
        address is not verified; InvalidRequest, WeakPassword.
        """
        address = parse_email_field(email)
        async with self._database.transaction() as transaction:
            user = await UserRepository(transaction).find_by_address(address.canonical)
            if user is not None:
                return await self._promote(transaction, user.id, address.written)
        created = User(
            id=uuid4(),
            email=address.written,
            email_canonical=address.canonical,
            email_verified_at=self._now(),
            password_hash=await self._new_passwords.hash(password(), address.written),
            roles=[*NEW_ACCOUNT_ROLES, ADMIN],
            created_at=self._now(),
        )
        async with self._database.transaction() as transaction:
            if not await UserRepository(transaction).add(created):
                raise CommandError(f"{address.written} was registered concurrently; try again")
            await self._record(transaction, "admin_created", created.id)
        return f"{address.written} has a new account and is an administrator"

    async def rotate_keys(self) -> str:
        """Adds a new signing key and retires the others; returns a message for the operator."""
        async with self._database.transaction() as transaction:
            key = await rotate_keys(transaction, self._cipher, self._longest_token, self._now())
            await self._record(transaction, "keys_rotated", None)
        return f"key {key.kid} signs in a few seconds; older keys verify until their tokens have expired"

    async def remove_factors(self, email: str) -> str:
        """Removes all second factors of an account whose owner has lost them; returns a message for the
        operator. Raises CommandError, InvalidRequest.
        """
        address = parse_email_field(email)
        async with self._database.transaction() as transaction:
            user = await UserRepository(transaction).lock_by_address(address.canonical)
            if user is None:
                raise CommandError(f"{address.written} has no account")
            removed = await self._removal.remove_all(transaction, user, "operator")
            if not removed:
                raise CommandError(f"{address.written} has no second factor")
            details = {"kinds": removed}
            await self._audit_log.record(transaction, OPERATOR, "factors_removed", user.id, details)
        return f"{address.written} has no second factor any more; its sessions have ended"

    async def _promote(self, transaction: Transaction, user_id: UUID, email: str) -> str:
        user = await UserRepository(transaction).lock(user_id)
        if user is None:
            raise CommandError(f"{email} was deleted concurrently; try again")
        if ADMIN in user.roles:
            return f"{email} is an administrator already"
        if user.email_verified_at is None:
            raise CommandError(UNVERIFIED.format(email=email))
        if user.disabled_at is not None:
            raise CommandError(f"{email} is disabled; an administrator can enable the account")
        user.roles = [*user.roles, ADMIN]
        await self._record(transaction, "admin_promoted", user.id)
        return f"{email} is now an administrator; its password is unchanged"

    async def _record(self, transaction: Transaction, action: str, subject: UUID | None) -> None:
        await self._audit_log.record(transaction, OPERATOR, action, subject, {})


@asynccontextmanager
async def open_commands(settings: CommandSettings, now: Callable[[], datetime]) -> AsyncIterator[Commands]:
    """Migrates the database and opens it for commands; the service need not have run before."""
    cipher = DataCipher(settings.data_keys)
    await migrate(settings.database_url, cipher, now)
    database = Database(settings.database_url)
    database.open()
    hasher = PasswordHasher(PasswordHash(Argon2Cost()), 1)
    try:
        yield Commands(settings, database, cipher, hasher, now)
    finally:
        hasher.close()
        await database.close()


async def run_command(
    arguments: Sequence[str], settings: CommandSettings, now: Callable[[], datetime]
) -> str:
    """Runs a command and returns its message, one line. Raises CommandError."""
    try:
        match arguments:
            case ["rotate-keys"]:
                async with open_commands(settings, now) as commands:
                    return await commands.rotate_keys()
            case ["migrate"]:
                async with open_commands(settings, now):
                    return "the tables have the form of this version"
            case ["remove-factors", email]:
                async with open_commands(settings, now) as commands:
                    return await commands.remove_factors(email)
            case ["create-admin", email]:
                async with open_commands(settings, now) as commands:
                    return await commands.create_admin(email, lambda: _password(settings.admin_password))
            case _:
                raise CommandError(USAGE)
    except ServiceError as error:
        problems = [f"{each.field} {each.message}" for each in error.errors] or [error.detail]
        raise CommandError("; ".join(problems)) from error


def _password(configured: Secret | None) -> str:
    """The password of a new account, from the settings, a prompt, or the first line of standard input; never
    from an argument, which all users of the machine can read.
    """
    if configured is not None:
        return configured.reveal()
    if sys.stdin.isatty():
        return getpass.getpass("Password for the new account: ")
    return sys.stdin.readline().rstrip("\r\n")
