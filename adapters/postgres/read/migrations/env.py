"""Alembic's environment of a read schema. The connection comes from `adapters/postgres/read/migrate.py`.

The version table lies inside the read schema, so that several schemas (blue, green) live side by side.
"""

from alembic import context

from adapters.postgres.read.tables import metadata

connection = context.config.attributes["connection"]
schema = context.config.attributes["schema"]
context.configure(
    connection=connection, target_metadata=metadata, version_table="alembic_version", version_table_schema=schema
)
with context.begin_transaction():
    context.run_migrations()
