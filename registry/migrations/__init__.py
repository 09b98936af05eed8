"""Alembic's migrations of the registry; run at start, inside one transaction."""
