"""Alembic's environment: migrates on the given connection, within its open transaction."""

from alembic import context

from auth_service.database.table import SCHEMA
from auth_service.migrations.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table_schema=SCHEMA,
    include_schemas=True,
    include_name=lambda name, kind, _: kind != "schema" or name == SCHEMA,
)
context.run_migrations()
