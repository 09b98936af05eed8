"""Health: the tables of the first version of 0002 become those of its second.

0002 was changed after databases had been made by it. Nothing was written to its tables before, so
that they are made anew; a database whose tables are of the second version stays as it is.
"""

from importlib import import_module
from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TABLES: Final = (
    "alert_deliveries",
    "alert_targets",
    "conformance_runs",
    "health_buckets",
    "health_checks",
    "health_events",
    "health_facts",
    "health_incidents",
    "health_standings",
)
"""In an order in which nothing points at what is gone."""


def upgrade() -> None:
    """Make the tables anew where they are of the first version."""
    columns = sa.inspect(op.get_bind()).get_columns("health_buckets")
    if all(column["name"] != "tier" for column in columns):
        return
    for table in _TABLES:
        op.drop_table(table)
    import_module("registry.migrations.versions.0002_health").upgrade()
