"""Gives API keys the new scopes for webhooks that their old scopes legitimately included.

A key with both scopes of conversions managed webhooks, and keeps that. One that only reads listed them. One
that only writes loses them: with webhooks it could read what it may not.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "UPDATE auth.api_keys SET scopes = scopes || '{webhooks:read,webhooks:write}'"
        " WHERE scopes @> '{conversions:read,conversions:write}'"
    )
    op.execute(
        "UPDATE auth.api_keys SET scopes = scopes || '{webhooks:read}'"
        " WHERE scopes @> '{conversions:read}' AND NOT scopes @> '{webhooks:read}'"
    )


def downgrade() -> None:
    for scope in ("webhooks:read", "webhooks:write"):
        op.execute(f"UPDATE auth.api_keys SET scopes = array_remove(scopes, '{scope}')")  # noqa: S608 - a constant
