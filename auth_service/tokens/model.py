"""The signing keys table."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from auth_service.database.table import Table


class StoredKey(Table):
    """A signing key shared by all replicas; `private_key` is encrypted PEM.

    It verifies from `created_at` until `expires_at`. Of the keys with a past `signs_from`, the newest that is
    not retired signs.
    """

    __tablename__ = "signing_keys"

    kid: Mapped[str] = mapped_column(primary_key=True)
    private_key: Mapped[bytes]
    created_at: Mapped[datetime]
    signs_from: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]

    @property
    def row(self) -> str:
        """The row's name for the encryption of its private key."""
        return f"signing_keys/{self.kid}"
