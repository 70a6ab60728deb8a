"""Checks and hashing of new passwords."""

from auth_service.errors import WeakPassword, bad_field
from auth_service.passwords.hasher import PasswordHasher
from auth_service.passwords.policy import PasswordTooLong, PasswordTooWeak, common_passwords, refuse_weak
from shared.errors import FieldError


class NewPasswords:
    def __init__(self, hasher: PasswordHasher) -> None:
        self._hasher = hasher
        self._common = common_passwords()

    async def hash(self, password: str, email: str) -> str:
        """Checks a password and returns its hash. Raises WeakPassword, InvalidRequest if it is too long,
        Overloaded.
        """
        try:
            refuse_weak(password, email, self._common)
        except PasswordTooLong as error:
            raise bad_field("password", str(error)) from None
        except PasswordTooWeak as weak:
            raise WeakPassword(f"The password {weak}.", errors=[FieldError("password", str(weak))]) from None
        return await self._hasher.create(password)
