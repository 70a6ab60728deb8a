"""The tables of mail requests and mail tokens."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from auth_service.database.table import Table


class MailRequest(Table):
    """A request for a mail with a link, to an address that may have no account. `user_id` is the account that
    asks for the address as its new one.
    """

    __tablename__ = "mail_requests"

    position: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    purpose: Mapped[str]
    address: Mapped[str]
    correlation_id: Mapped[str]
    user_id: Mapped[UUID | None]


class MailToken(Table):
    """The single-use token of a mailed link, by its SHA-256, for one purpose, account and address."""

    __tablename__ = "mail_tokens"
    __table_args__ = (Index(None, "user_id"), Index(None, "expires_at"))

    fingerprint: Mapped[bytes] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("auth.users.id", ondelete="CASCADE"))
    address: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
