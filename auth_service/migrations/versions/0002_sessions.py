"""Adds idle expiry and client data to sessions, successor salts to refresh tokens, signing times to keys."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("sessions", sa.Column("idle_until", MOMENT, nullable=True), schema="auth")
    op.execute("UPDATE auth.sessions SET idle_until = expires_at")
    op.alter_column("sessions", "idle_until", nullable=False, schema="auth")
    op.add_column("sessions", sa.Column("user_agent", sa.Text(), nullable=True), schema="auth")
    op.add_column("sessions", sa.Column("address", sa.Text(), nullable=True), schema="auth")
    op.add_column(
        "refresh_tokens", sa.Column("successor_salt", sa.LargeBinary(), nullable=True), schema="auth"
    )
    op.add_column("signing_keys", sa.Column("signs_from", MOMENT, nullable=True), schema="auth")
    op.execute("UPDATE auth.signing_keys SET signs_from = created_at")
    op.alter_column("signing_keys", "signs_from", nullable=False, schema="auth")


def downgrade() -> None:
    op.drop_column("signing_keys", "signs_from", schema="auth")
    op.drop_column("refresh_tokens", "successor_salt", schema="auth")
    for column in ("address", "user_agent", "idle_until"):
        op.drop_column("sessions", column, schema="auth")
