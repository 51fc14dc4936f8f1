"""Alembic environment of schema `ops`. It runs on the connection that `adapters/postgres/ops_migrate.py` hands over."""

from alembic import context

from adapters.postgres.ops_models import SCHEMA, OpsBase

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=OpsBase.metadata,
    version_table_schema=SCHEMA,
    include_schemas=True,
    include_name=lambda name, kind, _: kind != "schema" or name == SCHEMA,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
