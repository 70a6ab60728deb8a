"""Alembic migrations, run at every start of every replica."""
