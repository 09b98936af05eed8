"""Keys that open something: members' service keys, invitations to join, operators' tokens.

A key is shown once, when it is made; what is kept is its SHA-256, which is enough for keys of
360 random bits. Whoever holds a key is found by that digest, so nothing is compared byte by byte.
"""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from registry.database import Change
from registry.records import moment
from registry.tables import KEYS


class KeyKind(StrEnum):
    """What a key opens."""

    SERVICE = "service"
    """One member's own entry; the owner is the member's id."""
    INVITATION = "invitation"
    """Joining without waiting for the operator."""
    OPERATOR = "operator"
    """Everything; the owner is the operator's name."""


_PREFIXES: Final = {
    KeyKind.SERVICE: "bsk_",
    KeyKind.INVITATION: "bik_",
    KeyKind.OPERATOR: "bok_",
}
"""What keys begin with, so that people and scanners know what they have found."""
RANDOM_BYTES: Final = 45
"""Makes keys of 64 characters: the page of CSC's registry takes no shorter and no longer ones."""


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A key as it is kept: everything but the key."""

    id: str
    kind: KeyKind
    owner: str
    note: str
    created_at: str
    expires_at: str | None
    uses_left: int | None
    """None: as often as wished."""
    revoked_at: str | None
    digest: str = field(default="", repr=False)

    def refusal(self, now: datetime) -> str | None:
        """Say why the key opens nothing now; None if it does."""
        if self.revoked_at is not None:
            return "the key has been revoked"
        if self.expires_at is not None and self.expires_at <= moment(now):
            return "the key has expired"
        if self.uses_left is not None and self.uses_left <= 0:
            return "the key has been used up"
        return None

    def document(self) -> dict[str, Any]:
        """Give what is known of the key as JSON."""
        return {
            "id": self.id,
            "kind": self.kind.value,
            "owner": self.owner,
            "note": self.note,
            "createdAt": self.created_at,
            "expiresAt": self.expires_at,
            "usesLeft": self.uses_left,
            "revokedAt": self.revoked_at,
        }


def digest_of(key: str) -> str:
    """Give what is kept of a key."""
    return hashlib.sha256(key.strip().encode("utf-8", "surrogatepass")).hexdigest()


async def make_key(
    change: Change,
    kind: KeyKind,
    *,
    owner: str,
    now: datetime,
    note: str = "",
    expires_at: datetime | None = None,
    uses: int | None = None,
) -> tuple[str, AccessKey]:
    """Make a key and give it, this once."""
    key = _PREFIXES[kind] + secrets.token_urlsafe(RANDOM_BYTES)
    kept = AccessKey(
        id=secrets.token_hex(6),
        kind=kind,
        owner=owner,
        note=note,
        created_at=moment(now),
        expires_at=None if expires_at is None else moment(expires_at),
        uses_left=uses,
        revoked_at=None,
    )
    await change.connection.execute(
        insert(KEYS).values(
            id=kept.id,
            kind=kind.value,
            hash=digest_of(key),
            owner=owner,
            note=note,
            created_at=kept.created_at,
            expires_at=kept.expires_at,
            uses_left=uses,
        )
    )
    return key, kept


async def find_key(connection: AsyncConnection, key: str, kind: KeyKind) -> AccessKey | None:
    """Find a key of this kind, whether it still opens anything or not."""
    query = select(KEYS).where((KEYS.c.hash == digest_of(key)) & (KEYS.c.kind == kind.value))
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else key_of(row)


async def spend(change: Change, key: AccessKey) -> None:
    """Count one use of a key that has a number of them."""
    if key.uses_left is not None:
        chosen = KEYS.c.id == key.id
        left = KEYS.c.uses_left - 1
        await change.connection.execute(update(KEYS).where(chosen).values(uses_left=left))


async def revoke_key(change: Change, key_id: str, *, now: datetime) -> None:
    """Make a key open nothing any more."""
    chosen = (KEYS.c.id == key_id) & KEYS.c.revoked_at.is_(None)
    await change.connection.execute(update(KEYS).where(chosen).values(revoked_at=moment(now)))


async def revoke_service_keys(change: Change, member_id: str, *, now: datetime) -> None:
    """Make every key of a member open nothing any more."""
    chosen = (KEYS.c.owner == member_id) & (KEYS.c.kind == KeyKind.SERVICE.value)
    chosen &= KEYS.c.revoked_at.is_(None)
    await change.connection.execute(update(KEYS).where(chosen).values(revoked_at=moment(now)))


async def keys_of(
    connection: AsyncConnection, kind: KeyKind | None = None
) -> tuple[AccessKey, ...]:
    """Give the keys there are, the newest first."""
    query = select(KEYS).order_by(KEYS.c.created_at.desc(), KEYS.c.id)
    if kind is not None:
        query = query.where(KEYS.c.kind == kind.value)
    return tuple(key_of(row) for row in await connection.execute(query))


def key_of(row: Row[Any]) -> AccessKey:
    """Read a row of keys."""
    return AccessKey(
        id=row.id,
        kind=KeyKind(row.kind),
        owner=row.owner,
        note=row.note,
        created_at=row.created_at,
        expires_at=row.expires_at,
        uses_left=row.uses_left,
        revoked_at=row.revoked_at,
        digest=row.hash,
    )
