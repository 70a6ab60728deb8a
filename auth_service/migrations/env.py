"""What Alembic runs to migrate: on the connection it is given, in the transaction that is open there."""

from alembic import context

from auth_service.models import SCHEMA, Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    version_table_schema=SCHEMA,
    include_schemas=True,
    include_name=lambda name, kind, _: kind != "schema" or name == SCHEMA,
)
context.run_migrations()
