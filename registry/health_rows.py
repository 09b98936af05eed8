"""Between rows of the health tables and what they tell; pure but for a line in the log."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import msgspec
import structlog
from sqlalchemy import Row, Table, TextClause, text

from registry.health import Check, Phase, Standing
from registry.health_batch import IncidentChange
from registry.history import Bucket, Histogram, Kind, Tier, Uptime
from registry.incidents import Event, Incident, Note, Topic

log = structlog.get_logger(__name__)

T = TypeVar("T")

AT_ONCE: Final = 400
"""How many ids one statement names; every database takes far more parameters."""

KIND_CODES: Final = {Kind.CHECK: 0, Kind.QUESTION: 1}
"""As short as they can be: there is a row for each minute."""
COUNTS: Final = ("up", "down", "unknown", "paused", "timed_out", "slow")
LENGTHS_S: Final = {tier: int(tier.length.total_seconds()) for tier in Tier}

_STANDING: Final = msgspec.json.Decoder(Standing)
_CHECK: Final = msgspec.json.Decoder(Check)
_NOTES: Final = msgspec.json.Decoder(tuple[Note, ...])


class _Cause(msgspec.Struct, frozen=True, omit_defaults=True):
    message: str = ""
    phase: str | None = None
    request: str = ""
    checks: int = 0


class _Told(msgspec.Struct, frozen=True, omit_defaults=True):
    topic: Topic
    what: str
    text: str
    details: dict[str, str | int | float | None] = {}


def chunks(ids: Collection[T], size: int = AT_ONCE) -> Iterator[Sequence[T]]:
    """Give the ids in parts that one statement can name."""
    listed = list(ids)
    for start in range(0, len(listed), size):
        yield listed[start : start + size]


def upsert(table: Table, *, keep: Collection[str] = ()) -> TextClause:
    """Write the statement that inserts a row or puts it in place of the one with its key.

    Columns of `keep` stay as they are in a row that is there.
    """
    key = [column.name for column in table.primary_key]
    return upsert_on(table, key, [column.name for column in table.columns], keep=keep)


def upsert_on(
    table: Table,
    key: Sequence[str],
    columns: Sequence[str],
    *,
    keep: Collection[str] = (),
) -> TextClause:
    """Write the same for another unique key, naming the columns that are given."""
    changed = [name for name in columns if name not in key and name not in keep]
    sets = ", ".join(f"{name} = excluded.{name}" for name in changed)
    what = f"UPDATE SET {sets}" if sets else "NOTHING"
    values = ", ".join(f":{name}" for name in columns)
    return text(
        f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({values}) "  # noqa: S608 - ours
        f"ON CONFLICT ({', '.join(key)}) DO {what}"
    )


def moment(seconds: float) -> datetime:
    """Read a moment as the tables have it."""
    return datetime.fromtimestamp(seconds, UTC)


def encoded(made: object) -> str:
    """Write a document."""
    return msgspec.json.encode(made).decode()


def standing_of(document: str, member_id: str) -> Standing:
    """Read a standing; one of another version of this software says nothing."""
    try:
        return _STANDING.decode(document)
    except msgspec.DecodeError:
        log.warning("the standing of a member cannot be read", member=member_id)
        return Standing()


def check_of(document: str) -> Check | None:
    """Read a check; None for one of another version of this software."""
    try:
        return _CHECK.decode(document)
    except msgspec.DecodeError:
        return None


def bucket_of(row: Row[Any], kind: Kind, tier: Tier) -> Bucket:
    """Read a bucket."""
    return Bucket(
        member_id=row.member_id,
        kind=kind,
        tier=tier,
        start=row.start,
        uptime=Uptime(row.up, row.down, row.unknown, row.paused),
        timed_out=row.timed_out,
        slow=row.slow,
        times=Histogram.decode(row.times),
    )


def bucket_values(bucket: Bucket, there: Mapping[str, Any] | None) -> dict[str, Any]:
    """Give the row of a bucket that is added to the row that is there."""
    uptime, times = bucket.uptime, bucket.times
    made: dict[str, Any] = {
        "member_id": bucket.member_id,
        "kind": KIND_CODES[bucket.kind],
        "length_s": LENGTHS_S[bucket.tier],
        "start": bucket.start,
        "up": uptime.up,
        "down": uptime.down,
        "unknown": uptime.unknown,
        "paused": uptime.paused,
        "timed_out": bucket.timed_out,
        "slow": bucket.slow,
    }
    if there is not None:
        for name in COUNTS:
            made[name] += there[name]
        times = Histogram.joined((times, Histogram.decode(there["times"])))
    return made | {"times": times.encode()}


def incident_values(change: IncidentChange) -> dict[str, Any]:
    """Give the row of an incident; it has no notes yet."""
    cause = _Cause(change.message, change.phase, change.request, change.checks)
    return {
        "member_id": change.member_id,
        "topic": change.topic.value,
        "began": change.began.timestamp(),
        "ended": None if change.ended is None else change.ended.timestamp(),
        "document": encoded(cause),
        "notes": "[]",
    }


def incident_of(row: Row[Any]) -> Incident:
    """Read an incident."""
    cause = msgspec.json.decode(row.document, type=_Cause)
    return Incident(
        number=row.number,
        member_id=row.member_id,
        topic=Topic(row.topic),
        began=moment(row.began),
        ended=None if row.ended is None else moment(row.ended),
        phase=None if cause.phase is None else Phase(cause.phase),
        message=cause.message,
        checks=cause.checks,
        request=cause.request,
        notes=notes_of(row.notes),
    )


def notes_of(document: str) -> tuple[Note, ...]:
    """Read the notes of an incident."""
    return _NOTES.decode(document)


def event_values(event: Event) -> dict[str, Any]:
    """Give the row of an event."""
    told = _Told(event.topic, event.what, event.text, event.details)
    return {
        "key": event.key,
        "member_id": event.member_id,
        "at": event.at.timestamp(),
        "document": encoded(told),
    }


def event_of(row: Row[Any]) -> Event:
    """Read an event."""
    told = msgspec.json.decode(row.document, type=_Told)
    return Event(
        key=row.key,
        member_id=row.member_id,
        topic=told.topic,
        what=told.what,
        at=moment(row.at),
        text=told.text,
        number=row.number,
        details=told.details,
    )
