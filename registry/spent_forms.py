"""Remembers which forms were sent, so that a second click does not do a thing twice."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import delete, insert, select

from registry.database import Change, Database
from registry.steward import FORM_KEPT_S
from registry.tables import SPENT_FORMS


async def spend_form(
    database: Database,
    token: str,
    purpose: str,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> bool:
    """Take a form's token once; False if it was taken before."""
    digest = hashlib.sha256(token.encode()).hexdigest()

    async def put(change: Change) -> bool:
        moment = now().timestamp()
        await change.connection.execute(
            delete(SPENT_FORMS).where(SPENT_FORMS.c.expires_at < moment)
        )
        query = select(SPENT_FORMS.c.token).where(SPENT_FORMS.c.token == digest)
        if (await change.connection.execute(query)).scalar_one_or_none() is not None:
            return False
        await change.connection.execute(
            insert(SPENT_FORMS).values(
                token=digest, outcome=purpose, expires_at=moment + FORM_KEPT_S
            )
        )
        return True

    return await database.change(put, is_news=False)
