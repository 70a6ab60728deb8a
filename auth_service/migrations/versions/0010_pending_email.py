"""Adds the address that an account has asked for, and the account of a request for a mail to it."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("pending_email", sa.Text(), nullable=True), schema="auth")
    op.add_column("mail_requests", sa.Column("user_id", sa.Uuid(), nullable=True), schema="auth")


def downgrade() -> None:
    op.execute("DELETE FROM auth.mail_requests WHERE user_id IS NOT NULL")
    op.drop_column("mail_requests", "user_id", schema="auth")
    op.drop_column("users", "pending_email", schema="auth")
