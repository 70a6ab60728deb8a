"""Creates second factors, recovery codes, challenges of passkeys and logins that wait for a second factor."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "factors",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.Column("last_used_at", MOMENT, nullable=True),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        sa.Column("credential_id", sa.LargeBinary(), nullable=True),
        sa.Column("public_key", sa.LargeBinary(), nullable=True),
        sa.Column("sign_count", sa.BigInteger(), nullable=True),
        sa.Column("transports", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("id", name="factors_pkey"),
        sa.UniqueConstraint("credential_id", name="factors_credential_id_key"),
        _of_user("factors"),
        schema="auth",
    )
    op.create_index("factors_user_id_idx", "factors", ["user_id"], schema="auth")
    op.create_table(
        "recovery_codes",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "fingerprint", name="recovery_codes_pkey"),
        _of_user("recovery_codes"),
        schema="auth",
    )
    _create_challenges()
    _create_pending_logins()
    op.add_column("session_proofs", sa.Column("factor_proven_at", MOMENT, nullable=True), schema="auth")


def _create_challenges() -> None:
    op.create_table(
        "passkey_challenges",
        sa.Column("challenge", sa.LargeBinary(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("challenge", name="passkey_challenges_pkey"),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["auth.sessions.id"],
            name="passkey_challenges_session_id_fkey",
            ondelete="CASCADE",
        ),
        schema="auth",
    )
    for column in ("session_id", "expires_at"):
        op.create_index(f"passkey_challenges_{column}_idx", "passkey_challenges", [column], schema="auth")


def _create_pending_logins() -> None:
    op.create_table(
        "pending_logins",
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("challenge", sa.LargeBinary(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("token", name="pending_logins_pkey"),
        _of_user("pending_logins"),
        schema="auth",
    )
    for column in ("user_id", "expires_at"):
        op.create_index(f"pending_logins_{column}_idx", "pending_logins", [column], schema="auth")


def _of_user(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["user_id"], ["auth.users.id"], name=f"{table}_user_id_fkey", ondelete="CASCADE"
    )


def downgrade() -> None:
    op.drop_column("session_proofs", "factor_proven_at", schema="auth")
    for table in ("pending_logins", "passkey_challenges", "recovery_codes", "factors"):
        op.drop_table(table, schema="auth")
