"""The tables of health as migration 0002 made them before it was written anew."""

import sqlalchemy as sa
from alembic import op


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "alert_targets",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("confirmed_at", sa.Float(), nullable=True),
        sa.Column("after_event", sa.Integer(), nullable=False),
        sa.Column("is_removed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alert_targets"),
    )
    op.create_index("ix_alert_targets_owner", "alert_targets", ["owner"])
    op.create_table(
        "health_events",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_health_events"),
        sa.UniqueConstraint("key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_health_events_member", "health_events", ["member_id", "number"])
    op.create_table(
        "health_incidents",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("member_id", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("began", sa.Float(), nullable=False),
        sa.Column("ended", sa.Float(), nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_health_incidents"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_health_incidents_began", "health_incidents", ["began"])
    op.create_index("ix_health_incidents_member", "health_incidents", ["member_id", "began"])
    op.create_table(
        "alert_deliveries",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("target_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("next_at", sa.Float(), nullable=False),
        sa.Column("ended_at", sa.Float(), nullable=True),
        sa.Column("result", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["target_id"],
            ["alert_targets.id"],
            name="fk_alert_deliveries_target_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("number", name="pk_alert_deliveries"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alert_deliveries_due", "alert_deliveries", ["state", "next_at"])
    op.create_index(
        "ix_alert_deliveries_target", "alert_deliveries", ["target_id", "key"], unique=True
    )
    op.create_table(
        "conformance_runs",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("member_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name="fk_conformance_runs_member_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name="pk_conformance_runs"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_conformance_runs_member", "conformance_runs", ["member_id", "at"])
    op.create_table(
        "health_buckets",
        sa.Column("member_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("start", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("up", sa.Integer(), nullable=False),
        sa.Column("down", sa.Integer(), nullable=False),
        sa.Column("unknown", sa.Integer(), nullable=False),
        sa.Column("paused", sa.Integer(), nullable=False),
        sa.Column("timed_out", sa.Integer(), nullable=False),
        sa.Column("slow", sa.Integer(), nullable=False),
        sa.Column("times", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name="fk_health_buckets_member_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("member_id", "kind", "tier", "start", name="pk_health_buckets"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_health_buckets_tier", "health_buckets", ["tier", "start"])
    op.create_table(
        "health_checks",
        sa.Column("member_id", sa.Text(), nullable=False),
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name="fk_health_checks_member_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("member_id", "slot", name="pk_health_checks"),
    )
    op.create_table(
        "health_facts",
        sa.Column("member_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name="fk_health_facts_member_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("member_id", "name", name="pk_health_facts"),
    )
    op.create_index("ix_health_facts_seq", "health_facts", ["seq"])
    op.create_table(
        "health_standings",
        sa.Column("member_id", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("checks", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name="fk_health_standings_member_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("member_id", name="pk_health_standings"),
    )
    op.create_index("ix_health_standings_seq", "health_standings", ["seq"])
