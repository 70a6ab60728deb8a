"""Creates API keys."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("last_used_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="api_keys_pkey"),
        sa.UniqueConstraint("fingerprint", name="api_keys_fingerprint_key"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["auth.users.id"], name="api_keys_user_id_fkey", ondelete="CASCADE"
        ),
        schema="auth",
    )
    op.create_index("api_keys_user_id_idx", "api_keys", ["user_id"], schema="auth")


def downgrade() -> None:
    op.drop_table("api_keys", schema="auth")
