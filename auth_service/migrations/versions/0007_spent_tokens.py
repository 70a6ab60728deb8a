"""Adds an index on the spending time of refresh tokens."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("refresh_tokens_spent_at_idx", "refresh_tokens", ["spent_at"], schema="auth")


def downgrade() -> None:
    op.drop_index("refresh_tokens_spent_at_idx", "refresh_tokens", schema="auth")
