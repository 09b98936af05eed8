"""The tables of the registry. Migrations make them; queries are written against these.

Documents are JSON text and moments ISO 8601 text in UTC, so that one query text serves SQLite and
PostgreSQL. `revision` of a row is the registry's revision at the row's last change: a process
that knows revision n reads the rows above n, and removed members are rows too.
"""

from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

METADATA: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

STATE: Final = Table(
    "registry_state",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("revision", Integer, nullable=False),
)
"""One row. Every change takes its lock first, so that revisions become visible in order."""

FACTS: Final = Table(
    "registry_facts",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
"""What all processes of a network have to agree on: its made-up id, the secret of its forms."""

MEMBERS: Final = Table(
    "members",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("entry", Text, nullable=False),
    Column("declared", Text),
    Column("proposed", Text),
    Column("contact", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("left_by", Text, nullable=False),
    Column("left_as", Text),
    Column("created_at", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Index("ix_members_revision", "revision"),
    Index("ix_members_address", "address"),
)
"""`address` is a digest of `url` in the one spelling in which two are compared: PostgreSQL cannot
index long texts."""

LEARNED: Final = Table(
    "learned",
    METADATA,
    Column("member_id", Text, ForeignKey("members.id", ondelete="CASCADE"), primary_key=True),
    Column("place", Text, nullable=False),
    Column("capabilities", Text, nullable=False),
    Column("dialect", Text, nullable=False),
    Column("probes", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Index("ix_learned_revision", "revision"),
)
"""What was found out, and of which address and protocol: at another place it is worthless."""

GROUPS: Final = Table(
    "member_groups",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("document", Text, nullable=False),
    Column("declared", Text),
    Column("is_removed", Boolean, nullable=False),
    Column("revision", Integer, nullable=False),
)

KEYS: Final = Table(
    "access_keys",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("hash", Text, nullable=False, unique=True),
    Column("owner", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("expires_at", Text),
    Column("uses_left", Integer),
    Column("revoked_at", Text),
    Index("ix_access_keys_owner", "kind", "owner"),
)

SPENT_FORMS: Final = Table(
    "spent_forms",
    METADATA,
    Column("token", Text, primary_key=True),
    Column("outcome", Text, nullable=False),
    Column("expires_at", Float, nullable=False),
    Index("ix_spent_forms_expires_at", "expires_at"),
)
"""Form tokens that were used, and for what: a second click changes nothing."""

AUDIT: Final = Table(
    "audit_log",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("at", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("before", Text),
    Column("after", Text),
    Column("note", Text, nullable=False),
    Index("ix_audit_log_subject", "subject"),
    sqlite_autoincrement=True,
)
"""Append-only: triggers refuse to change or delete a row."""

FOLLOWED: Final = Table(
    "followed_registries",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("form", Text, nullable=False),
    Column("groups", Text, nullable=False),
    Column("is_trusted", Boolean, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("looked_at", Text),
    Column("result", Text, nullable=False),
)

LOGOS: Final = Table(
    "logos",
    METADATA,
    Column("member_id", Text, ForeignKey("members.id", ondelete="CASCADE"), primary_key=True),
    Column("source", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("problem", Text, nullable=False),
    Column("fetched_at", Text, nullable=False),
)

LEASES: Final = Table(
    "leases",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("until", Float, nullable=False),
)
"""Who does background work that one process does for all; seconds since 1970."""
