"""Alembic revisions, one file each; a released revision is never changed."""
