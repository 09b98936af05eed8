"""Runs the migrations on the connection that `registry.database` hands over."""

from alembic import context

from registry import health_tables, tables

assert health_tables.STANDINGS.metadata is tables.METADATA  # noqa: S101 - all tables are here

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables.METADATA,
    transactional_ddl=False,  # the caller's transaction is around everything
)
context.run_migrations()
