"""The users table and the roles of accounts."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from auth_service.database.table import Table

ADMIN = "admin"
NEW_ACCOUNT_ROLES = ("user",)


class User(Table):
    """An account. `email` is as typed, `email_canonical` is unique; `password_hash` is None for accounts that
    only sign in with a provider. `pending_email` replaces `email` once it is confirmed by mail.
    """

    __tablename__ = "users"
    __table_args__ = (Index(None, "created_at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str]
    email_canonical: Mapped[str] = mapped_column(unique=True)
    email_verified_at: Mapped[datetime | None]
    pending_email: Mapped[str | None]
    password_hash: Mapped[str | None]
    roles: Mapped[list[str]]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
