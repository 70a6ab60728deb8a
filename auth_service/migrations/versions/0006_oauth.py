"""Creates identities, OAuth attempts and handovers; makes the password optional."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)

# A PHC string that no password matches, for accounts without a password after a downgrade.
NO_PASSWORD = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$" + "A" * 43


def upgrade() -> None:
    op.alter_column("users", "password_hash", nullable=True, schema="auth")
    op.create_table(
        "identities",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("issuer", "subject", name="identities_pkey"),
        sa.UniqueConstraint("user_id", "issuer", name="identities_user_id_issuer_key"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["auth.users.id"], name="identities_user_id_fkey", ondelete="CASCADE"
        ),
        schema="auth",
    )
    op.create_table(
        "oauth_attempts",
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("browser", sa.LargeBinary(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("code_verifier", sa.Text(), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=True),
        sa.Column("code_challenge", sa.Text(), nullable=True),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("state", name="oauth_attempts_pkey"),
        schema="auth",
    )
    op.create_index("oauth_attempts_expires_at_idx", "oauth_attempts", ["expires_at"], schema="auth")
    op.create_table(
        "oauth_handovers",
        sa.Column("code", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("code_challenge", sa.Text(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("code", name="oauth_handovers_pkey"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["auth.users.id"], name="oauth_handovers_user_id_fkey", ondelete="CASCADE"
        ),
        schema="auth",
    )
    op.create_index("oauth_handovers_user_id_idx", "oauth_handovers", ["user_id"], schema="auth")
    op.create_index("oauth_handovers_expires_at_idx", "oauth_handovers", ["expires_at"], schema="auth")


def downgrade() -> None:
    for table in ("oauth_handovers", "oauth_attempts", "identities"):
        op.drop_table(table, schema="auth")
    unset = sa.text("UPDATE auth.users SET password_hash = :none WHERE password_hash IS NULL")
    op.execute(unset.bindparams(none=NO_PASSWORD))
    op.alter_column("users", "password_hash", nullable=False, schema="auth")
