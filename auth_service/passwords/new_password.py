"""A password that somebody chose: judged, then hashed."""

from collections.abc import Collection

from auth_service.errors import WeakPassword, bad_field
from auth_service.passwords.hasher import PasswordHashing
from auth_service.passwords.policy import PasswordTooLong, PasswordTooWeak, refuse_weak
from shared.errors import FieldError


class NewPasswords:
    def __init__(self, hashing: PasswordHashing, common: Collection[str]) -> None:
        self._hashing = hashing
        self._common = common

    async def hashed(self, password: str, email: str) -> str:
        """Raises WeakPassword, InvalidRequest when it is too long, Overloaded."""
        self.refuse_weak(password, email)
        return await self._hashing.create(password)

    def refuse_weak(self, password: str, email: str) -> None:
        try:
            refuse_weak(password, email, self._common)
        except PasswordTooLong as long:
            raise bad_field("password", str(long)) from None
        except PasswordTooWeak as weak:
            raise WeakPassword(f"The password {weak}.", errors=[FieldError("password", str(weak))]) from None
