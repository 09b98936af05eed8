"""Runs the migrations on the connection that `registry.database` hands over."""

from alembic import context

from registry.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=False,  # the caller's transaction is around everything
)
context.run_migrations()
