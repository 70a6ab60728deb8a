"""Creates mail requests, mail tokens, counters and known networks."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "mail_requests",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="mail_requests_pkey"),
        schema="auth",
    )
    op.create_table(
        "mail_tokens",
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="mail_tokens_pkey"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["auth.users.id"], name="mail_tokens_user_id_fkey", ondelete="CASCADE"
        ),
        schema="auth",
    )
    op.create_index("mail_tokens_user_id_idx", "mail_tokens", ["user_id"], schema="auth")
    op.create_index("mail_tokens_expires_at_idx", "mail_tokens", ["expires_at"], schema="auth")
    op.create_table(
        "tallies",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.Column("forget_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("key", name="tallies_pkey"),
        schema="auth",
    )
    op.create_index("tallies_forget_at_idx", "tallies", ["forget_at"], schema="auth")
    op.create_table(
        "known_networks",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "network", name="known_networks_pkey"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["auth.users.id"], name="known_networks_user_id_fkey", ondelete="CASCADE"
        ),
        schema="auth",
    )
    op.create_index("known_networks_seen_at_idx", "known_networks", ["seen_at"], schema="auth")


def downgrade() -> None:
    for table in ("known_networks", "tallies", "mail_tokens", "mail_requests"):
        op.drop_table(table, schema="auth")
