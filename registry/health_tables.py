"""The tables of health: standings, buckets, checks, incidents, events, facts, alerts.

They are in the registry's database and bounded: buckets by the time they are kept, checks by
number, events and deliveries by age. `seq` counts changes of standings and facts: a process that
knows n reads the rows above n. Moments are seconds since 1970.
"""

from typing import Final

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, LargeBinary, Table, Text

from registry.tables import METADATA


def _member(*, is_key: bool = False) -> Column[str]:
    return Column(
        "member_id",
        Text,
        ForeignKey("members.id", ondelete="CASCADE"),
        primary_key=is_key,
        nullable=False,
    )


STANDINGS: Final = Table(
    "health_standings",
    METADATA,
    _member(is_key=True),
    Column("place", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("checks", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Index("ix_health_standings_seq", "seq"),
)
"""How each member stands; `place` is where it was checked (`registry.places.place_of`): at another
place it begins anew. `checks` numbers the checks kept in `health_checks`."""

CHECKS: Final = Table(
    "health_checks",
    METADATA,
    _member(is_key=True),
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("at", Float, nullable=False),
    Column("document", Text, nullable=False),
)
"""The last checks of each member, in a ring of `KEPT_CHECKS` slots."""

KEPT_CHECKS: Final = 50

BUCKETS: Final = Table(
    "health_buckets",
    METADATA,
    _member(is_key=True),
    Column("kind", Integer, primary_key=True, autoincrement=False),
    Column("length_s", Integer, primary_key=True, autoincrement=False),
    Column("start", Integer, primary_key=True, autoincrement=False),
    Column("up", Integer, nullable=False),
    Column("down", Integer, nullable=False),
    Column("unknown", Integer, nullable=False),
    Column("paused", Integer, nullable=False),
    Column("timed_out", Integer, nullable=False),
    Column("slow", Integer, nullable=False),
    Column("times", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""By far the most rows: kind (0 checks, 1 questions) and length in seconds are numbers, and there
is no index but the key, so that a year of a member is some 2,600 rows of 40 bytes."""

WRITERS: Final = Table(
    "health_writers",
    METADATA,
    Column("writer", Text, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("at", Float, nullable=False),
)
"""The last batch each process wrote: one whose end it did not see is not added twice."""

INCIDENTS: Final = Table(
    "health_incidents",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("member_id", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("began", Float, nullable=False),
    Column("ended", Float),
    Column("document", Text, nullable=False),
    Column("notes", Text, nullable=False),
    Index("ix_health_incidents_member", "member_id", "began", "topic", unique=True),
    Index("ix_health_incidents_began", "began"),
    sqlite_autoincrement=True,
)
"""`member_id` is empty for the network itself."""

EVENTS: Final = Table(
    "health_events",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False, unique=True),
    Column("member_id", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("document", Text, nullable=False),
    Index("ix_health_events_member", "member_id", "number"),
    sqlite_autoincrement=True,
)
"""What feeds and alerts tell, once each."""

FACTS_OF_MEMBERS: Final = Table(
    "health_facts",
    METADATA,
    _member(is_key=True),
    Column("name", Text, primary_key=True),
    Column("place", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("document", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Index("ix_health_facts_seq", "seq"),
)
"""The last of what is looked at more rarely: `certificate`, `conformance`, `controls`."""

CONFORMANCE_RUNS: Final = Table(
    "conformance_runs",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    _member(),
    Column("at", Float, nullable=False),
    Column("document", Text, nullable=False),
    Index("ix_conformance_runs_member", "member_id", "at"),
    sqlite_autoincrement=True,
)
"""One row for each run that found something else than the one before, and the first of a day."""

KEPT_RUNS: Final = 120

ALERT_TARGETS: Final = Table(
    "alert_targets",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("settings", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("asked_at", Float),
    Column("confirmed_at", Float),
    Column("after_event", Integer, nullable=False),
    Column("is_on", Boolean, nullable=False),
    Column("off_reason", Text, nullable=False),
    Index("ix_alert_targets_owner", "owner"),
)
"""Whom to tell: `owner` is a member's id, or `~operator`; `after_event` is the last event that was
looked at for it. `asked_at` is when a mail address was asked to confirm itself."""

ALERT_DELIVERIES: Final = Table(
    "alert_deliveries",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("target_id", Text, ForeignKey("alert_targets.id", ondelete="CASCADE"), nullable=False),
    Column("key", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("held_for", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("next_at", Float, nullable=False),
    Column("ready_at", Float),
    Column("ended_at", Float),
    Column("result", Text, nullable=False),
    Index("ix_alert_deliveries_target", "target_id", "key", unique=True),
    Index("ix_alert_deliveries_due", "state", "next_at"),
    sqlite_autoincrement=True,
)
"""What is to be told to whom, and what came of it; one row for each target and `key`. `subject` is
the member and topic, `held_for` why it waits, `ready_at` when it began to be sent."""

ALERT_ADDRESSES: Final = Table(
    "alert_addresses",
    METADATA,
    Column("digest", Text, primary_key=True),
    Column("asked_at", Float, nullable=False),
    Column("since", Float, nullable=False),
    Column("times", Integer, nullable=False),
    Column("is_refused", Boolean, nullable=False),
)
"""How often a mail address was asked `since` a moment to confirm itself, by everybody and by each
owner, and whether it said that it is not to be asked."""
