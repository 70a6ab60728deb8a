"""The tables of provider logins in progress and of linked identities."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from auth_service.database.table import Table


class OAuthAttempt(Table):
    """A login that waits for the provider's authorization response. `state` and `browser` are SHA-256
    digests.

    With `redirect_uri` it ends in a redirect to a front end, with a code that is bound to `code_challenge`.
    """

    __tablename__ = "oauth_attempts"
    __table_args__ = (Index(None, "expires_at"),)

    state: Mapped[bytes] = mapped_column(primary_key=True)
    browser: Mapped[bytes]
    provider: Mapped[str]
    nonce: Mapped[str]
    code_verifier: Mapped[str]
    redirect_uri: Mapped[str | None]
    code_challenge: Mapped[str | None]
    expires_at: Mapped[datetime]


class OAuthHandover(Table):
    """A single-use code, by its SHA-256, that a front end redeems for tokens."""

    __tablename__ = "oauth_handovers"
    __table_args__ = (Index(None, "user_id"), Index(None, "expires_at"))

    code: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("auth.users.id", ondelete="CASCADE"))
    code_challenge: Mapped[str]
    expires_at: Mapped[datetime]


class LinkedIdentity(Table):
    """An identity at a provider that signs in to an account. The email address is no part of the key, because
    addresses are reassigned (OIDC Core §5.7).
    """

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("user_id", "issuer"),)

    issuer: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("auth.users.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
