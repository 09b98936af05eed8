"""Remembers which forms were sent, so that a second click does not do a thing twice.

Sessions that were signed out of are remembered in the same way.
"""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from registry.database import Change, Database
from registry.tables import SPENT_FORMS

FORM_KEPT_S: Final = 2 * 86_400.0
"""How long a used form is remembered; forms themselves are valid for less."""


async def spend_in(change: Change, token: str, outcome: str, *, now: datetime) -> str | None:
    """Take a form's token; gives what came of it before, None for the first time."""
    digest = _digest(token)
    at = now.timestamp()
    await change.connection.execute(delete(SPENT_FORMS).where(SPENT_FORMS.c.expires_at < at))
    query = select(SPENT_FORMS.c.outcome).where(SPENT_FORMS.c.token == digest)
    earlier = (await change.connection.execute(query)).scalar_one_or_none()
    if earlier is None:
        values = {"token": digest, "outcome": outcome, "expires_at": at + FORM_KEPT_S}
        await change.connection.execute(insert(SPENT_FORMS).values(**values))
    return None if earlier is None else str(earlier)


async def spend_form(
    database: Database,
    token: str,
    purpose: str,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> bool:
    """Take a form's token once; False if it was taken before."""

    async def put(change: Change) -> bool:
        return await spend_in(change, token, purpose, now=now()) is None

    return await database.change(put, is_news=False)


async def is_spent(database: Database, token: str) -> bool:
    """Whether a token was taken."""
    query = select(SPENT_FORMS.c.outcome).where(SPENT_FORMS.c.token == _digest(token))

    async def look(connection: AsyncConnection) -> bool:
        return (await connection.execute(query)).first() is not None

    return await database.read(look)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
