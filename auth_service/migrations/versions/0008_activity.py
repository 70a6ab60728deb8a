"""Creates the activity log and the fresh proofs of sessions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "activity",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="activity_pkey"),
        schema="auth",
    )
    op.create_index("activity_user_id_position_idx", "activity", ["user_id", "position"], schema="auth")
    op.create_index("activity_at_idx", "activity", ["at"], schema="auth")
    op.create_table(
        "session_proofs",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("proven_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("session_id", name="session_proofs_pkey"),
        sa.ForeignKeyConstraint(
            ["session_id"], ["auth.sessions.id"], name="session_proofs_session_id_fkey", ondelete="CASCADE"
        ),
        schema="auth",
    )


def downgrade() -> None:
    for table in ("session_proofs", "activity"):
        op.drop_table(table, schema="auth")
