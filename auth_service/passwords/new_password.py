"""Checks and hashing of new passwords."""

import asyncio

from auth_service.errors import WeakPassword, bad_field
from auth_service.passwords.breached_list import BreachedList
from auth_service.passwords.hasher import PasswordHasher
from auth_service.passwords.policy import PasswordTooLong, PasswordTooWeak, normalise, refuse_weak
from shared.errors import FieldError


class NewPasswords:
    """Without a list of `breached` passwords, only the estimator decides."""

    def __init__(self, hasher: PasswordHasher, breached: BreachedList | None = None) -> None:
        self._hasher = hasher
        self._breached = breached

    async def hash(self, password: str, email: str) -> str:
        """Checks a password and returns its hash. Raises WeakPassword, InvalidRequest if it is too long,
        Overloaded.
        """
        try:
            await asyncio.to_thread(self._refuse, password, email)
        except PasswordTooLong as error:
            raise bad_field("password", str(error)) from None
        except PasswordTooWeak as weak:
            raise WeakPassword(f"The password {weak}.", errors=[FieldError("password", str(weak))]) from None
        return await self._hasher.create(password)

    def _refuse(self, password: str, email: str) -> None:
        refuse_weak(password, email)
        if self._breached is not None and self._breached.contains(normalise(password)):
            raise PasswordTooWeak("is known from a breach of another service")
