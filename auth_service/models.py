"""The tables of the account service, in the schema `auth`. Migrations make them; a test compares the two."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SCHEMA = "auth"


class Table(DeclarativeBase):
    """Every time is UTC with its zone; every constraint has a name that a migration can speak of."""

    metadata = MetaData(
        schema=SCHEMA,
        naming_convention={
            "pk": "%(table_name)s_pkey",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ix": "%(table_name)s_%(column_0_N_name)s_idx",
            "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
            "ck": "%(table_name)s_%(constraint_name)s_check",
        },
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own form
        str: Text,
        datetime: DateTime(timezone=True),
        bytes: LargeBinary,
        UUID: Uuid,
        list[str]: ARRAY(Text),
        dict[str, Any]: JSONB,
    }


class User(Table):
    """An account. `email` is as it was typed, `email_canonical` is what is unique.

    Who signs in with a provider only has no password.
    """

    __tablename__ = "users"
    __table_args__ = (Index(None, "created_at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str]
    email_canonical: Mapped[str] = mapped_column(unique=True)
    email_verified_at: Mapped[datetime | None]
    password_hash: Mapped[str | None]
    roles: Mapped[list[str]]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class SignIn(Table):
    """One sign-in, from its first tokens to its end.

    `expires_at` is absolute: a refresh does not move it. `idle_until` is what a refresh moves. `address` and
    `user_agent` are those of the last use.
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


class RefreshToken(Table):
    """One refresh token by its SHA-256. Spent ones stay for a while: reuse must be noticed.

    `successor_salt` is what turns a spent token, once more in its bearer's hands, into the one that followed.
    """

    __tablename__ = "refresh_tokens"
    __table_args__ = (Index(None, "session_id"), Index(None, "spent_at"))

    fingerprint: Mapped[bytes] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("auth.sessions.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    spent_at: Mapped[datetime | None]
    successor_salt: Mapped[bytes | None]


class StoredKey(Table):
    """A signing key of all replicas. It verifies from `created_at` until it expires; of those whose
    `signs_from` has come, the newest that is not retired signs.
    """

    __tablename__ = "signing_keys"

    kid: Mapped[str] = mapped_column(primary_key=True)
    private_pem: Mapped[str]
    created_at: Mapped[datetime]
    signs_from: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]


class StoredEvent(Table):
    """An event that waits to be published, in its envelope as it goes on the wire."""

    __tablename__ = "outbox"
    __table_args__ = (Index(None, "claimed_until"),)

    position: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    envelope: Mapped[bytes]
    claimed_until: Mapped[datetime | None]


class MailRequest(Table):
    """Somebody asked for a mail to an address that may or may not be an account's."""

    __tablename__ = "mail_requests"

    position: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    purpose: Mapped[str]
    address: Mapped[str]
    correlation_id: Mapped[str]


class MailToken(Table):
    """The secret of one mailed link by its SHA-256: for one purpose, one account and one address, once."""

    __tablename__ = "mail_tokens"
    __table_args__ = (Index(None, "user_id"), Index(None, "expires_at"))

    fingerprint: Mapped[bytes] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("auth.users.id", ondelete="CASCADE"))
    address: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Tally(Table):
    """How often something happened that may not happen too often; `key` is a digest of what and to whom."""

    __tablename__ = "tallies"
    __table_args__ = (Index(None, "forget_at"),)

    key: Mapped[bytes] = mapped_column(primary_key=True)
    count: Mapped[int]
    last_at: Mapped[datetime]
    forget_at: Mapped[datetime]


class KnownNetwork(Table):
    """Where an account's owner has proven before who they are."""

    __tablename__ = "known_networks"
    __table_args__ = (Index(None, "seen_at"),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("auth.users.id", ondelete="CASCADE"), primary_key=True)
    network: Mapped[str] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime]


class ApiKey(Table):
    """A long-lived credential of an account, by its SHA-256; `hint` is how its owner tells it from others."""

    __tablename__ = "api_keys"
    __table_args__ = (Index(None, "user_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("auth.users.id", ondelete="CASCADE"))
    fingerprint: Mapped[bytes] = mapped_column(unique=True)
    name: Mapped[str]
    hint: Mapped[str]
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class AuditRecord(Table):
    """What an administrator did. It outlives both who did it and whom it was done to, so it refers to nobody.

    Without `actor_id` it was done at the command line.
    """

    __tablename__ = "audit"

    position: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime]
    actor_id: Mapped[UUID | None]
    action: Mapped[str]
    subject_id: Mapped[UUID | None]
    address: Mapped[str | None]
    request_id: Mapped[str]
    details: Mapped[dict[str, Any]]


class LinkedIdentity(Table):
    """Who an account is at an issuer. `subject` alone says so: addresses change hands (OIDC Core §5.7)."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("user_id", "issuer"),)

    issuer: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("auth.users.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]


class OAuthAttempt(Table):
    """A sign-in that was begun in one browser and waits for the provider's answer; `state` is a SHA-256.

    With `redirect_uri` its end is a redirect to a front end, with a code that only the maker of
    `code_challenge` can use.
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
    """A one-time code, by its SHA-256, that a front end turns into tokens."""

    __tablename__ = "oauth_handovers"
    __table_args__ = (Index(None, "user_id"), Index(None, "expires_at"))

    code: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("auth.users.id", ondelete="CASCADE"))
    code_challenge: Mapped[str]
    expires_at: Mapped[datetime]
