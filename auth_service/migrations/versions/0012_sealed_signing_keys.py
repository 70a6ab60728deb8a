"""Encrypts the private signing keys with the first of AUTH_DATA_KEYS."""

import sqlalchemy as sa
from alembic import context, op

from auth_service.database.encryption import DataCipher

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("signing_keys", sa.Column("private_key", sa.LargeBinary(), nullable=True), schema="auth")
    cipher = _cipher()
    for kid, pem in op.get_bind().execute(sa.text("SELECT kid, private_pem FROM auth.signing_keys")).all():
        # Dropping the column alone would leave its values in the table's file.
        op.get_bind().execute(
            sa.text("UPDATE auth.signing_keys SET private_key = :sealed, private_pem = '' WHERE kid = :kid"),
            {"sealed": cipher.encrypt(pem.encode(), _row(kid)), "kid": kid},
        )
    op.alter_column("signing_keys", "private_key", nullable=False, schema="auth")
    op.drop_column("signing_keys", "private_pem", schema="auth")


def downgrade() -> None:
    op.add_column("signing_keys", sa.Column("private_pem", sa.Text(), nullable=True), schema="auth")
    cipher = _cipher()
    for kid, sealed in op.get_bind().execute(sa.text("SELECT kid, private_key FROM auth.signing_keys")).all():
        op.get_bind().execute(
            sa.text("UPDATE auth.signing_keys SET private_pem = :pem WHERE kid = :kid"),
            {"pem": cipher.decrypt(sealed, _row(kid)).decode(), "kid": kid},
        )
    op.alter_column("signing_keys", "private_pem", nullable=False, schema="auth")
    op.drop_column("signing_keys", "private_key", schema="auth")


def _cipher() -> DataCipher:
    cipher: DataCipher = context.config.attributes["cipher"]
    return cipher


def _row(kid: str) -> str:
    return f"signing_keys/{kid}"
