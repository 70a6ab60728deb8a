"""Creates accounts, sessions, refresh tokens, signing keys and the outbox."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_canonical", sa.Text(), nullable=False),
        sa.Column("email_verified_at", MOMENT, nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("disabled_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="users_pkey"),
        sa.UniqueConstraint("email_canonical", name="users_email_canonical_key"),
        schema="auth",
    )
    _create_sessions()
    _create_signing_keys_and_outbox()


def _create_sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="sessions_pkey"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["auth.users.id"], name="sessions_user_id_fkey", ondelete="CASCADE"
        ),
        schema="auth",
    )
    op.create_index("sessions_user_id_idx", "sessions", ["user_id"], schema="auth")
    op.create_index("sessions_expires_at_idx", "sessions", ["expires_at"], schema="auth")
    op.create_table(
        "refresh_tokens",
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("spent_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("fingerprint", name="refresh_tokens_pkey"),
        sa.ForeignKeyConstraint(
            ["session_id"], ["auth.sessions.id"], name="refresh_tokens_session_id_fkey", ondelete="CASCADE"
        ),
        schema="auth",
    )
    op.create_index("refresh_tokens_session_id_idx", "refresh_tokens", ["session_id"], schema="auth")


def _create_signing_keys_and_outbox() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("private_pem", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("retired_at", MOMENT, nullable=True),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("kid", name="signing_keys_pkey"),
        schema="auth",
    )
    _create_outbox()


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("claimed_until", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("position", name="outbox_pkey"),
        schema="auth",
    )
    op.create_index("outbox_claimed_until_idx", "outbox", ["claimed_until"], schema="auth")


def downgrade() -> None:
    for table in ("outbox", "signing_keys", "refresh_tokens", "sessions", "users"):
        op.drop_table(table, schema="auth")
