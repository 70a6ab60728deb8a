"""The tables of sessions and refresh tokens."""

from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from auth_service.database.table import Table


class Session(Table):
    """A session, from login to its end.

    `expires_at` is absolute; each refresh moves `idle_until`. `address` and `user_agent` are from the last
    use.
    """

    __tablename__ = "sessions"
    __table_args__ = (Index(None, "user_id"), Index(None, "expires_at"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("auth.users.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    idle_until: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    user_agent: Mapped[str | None]
    address: Mapped[str | None]


class PendingLogin(Table):
    """A login that waits for a second factor, by the SHA-256 of its factor token.

    `method` is the first step; a passkey has to answer `challenge`; `failures` counts wrong tries.
    """

    __tablename__ = "pending_logins"
    __table_args__ = (Index(None, "user_id"), Index(None, "expires_at"))

    token: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("auth.users.id", ondelete="CASCADE"))
    method: Mapped[str]
    challenge: Mapped[bytes | None]
    failures: Mapped[int]
    expires_at: Mapped[datetime]


class RefreshToken(Table):
    """A refresh token by its SHA-256. Spent tokens are kept for a while, to detect reuse.

    `successor_salt` and the spent token together yield the token that replaced it.
    """

    __tablename__ = "refresh_tokens"
    __table_args__ = (Index(None, "session_id"), Index(None, "spent_at"))

    fingerprint: Mapped[bytes] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("auth.sessions.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    spent_at: Mapped[datetime | None]
    successor_salt: Mapped[bytes | None]


class SpentToken(msgspec.Struct, frozen=True):
    """A refresh token that was used before. `successor_salt` derives the token that replaced it."""

    session_id: UUID
    spent_at: datetime
    successor_salt: bytes
