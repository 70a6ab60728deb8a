"""The tables of second factors, recovery codes and challenges of passkeys."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from auth_service.database.table import Table


class Factor(Table):
    """A second factor of an account; it counts once `confirmed_at` is set.

    Of an authenticator app: the encrypted `secret`, and `last_step`, the time step of the last code that was
    accepted. Of a passkey: its id, its public key (COSE), its sign count and its transports.
    """

    __tablename__ = "factors"
    __table_args__ = (Index(None, "user_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("auth.users.id", ondelete="CASCADE"))
    kind: Mapped[str]
    name: Mapped[str | None]
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    secret: Mapped[bytes | None]
    last_step: Mapped[int | None] = mapped_column(BigInteger)
    credential_id: Mapped[bytes | None] = mapped_column(unique=True)
    public_key: Mapped[bytes | None]
    sign_count: Mapped[int | None] = mapped_column(BigInteger)
    transports: Mapped[list[str] | None]

    @property
    def row(self) -> str:
        """The row's name for the encryption of its secret."""
        return f"factors/{self.id}"


class RecoveryCode(Table):
    """An unused recovery code, by its SHA-256."""

    __tablename__ = "recovery_codes"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("auth.users.id", ondelete="CASCADE"), primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(primary_key=True)


class PasskeyChallenge(Table):
    """A challenge that a session was given, to add a passkey or to prove itself; for one use."""

    __tablename__ = "passkey_challenges"
    __table_args__ = (Index(None, "session_id"), Index(None, "expires_at"))

    challenge: Mapped[bytes] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("auth.sessions.id", ondelete="CASCADE"))
    purpose: Mapped[str]
    expires_at: Mapped[datetime]
