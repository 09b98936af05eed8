"""A registry whose members are followed, and the row it is kept in."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from registry.records import IMPORT
from registry.tables import FOLLOWED


@dataclass(frozen=True, slots=True)
class Followed:
    """A registry whose members are followed."""

    id: str
    url: str
    form: str
    groups: tuple[str, ...]
    is_trusted: bool
    """Whether its new members are members here at once; else they wait for an operator."""
    created_at: str
    looked_at: str | None
    result: str
    """What the last look showed, in words."""

    @property
    def origin(self) -> str:
        """The origin of its members."""
        return f"{IMPORT}{self.id}"

    def reads_as(self, other: "Followed") -> bool:
        """Whether a look at one gives what a look at the other gives, whoever is let in."""
        return (self.url, self.form, self.groups) == (other.url, other.form, other.groups)

    def document(self) -> dict[str, Any]:
        """Give what an operator decided about it, for the log of changes."""
        return {
            "url": self.url,
            "form": self.form,
            "groups": list(self.groups),
            "trusted": self.is_trusted,
        }


async def followed_now(connection: AsyncConnection, source_id: str) -> Followed | None:
    """Give a registry as it is followed now; None: it is not."""
    rows = await connection.execute(select(FOLLOWED).where(FOLLOWED.c.id == source_id))
    row = rows.one_or_none()
    return None if row is None else followed_of(row)


def followed_of(row: Row[Any]) -> Followed:
    """Read a row."""
    return Followed(
        id=row.id,
        url=row.url,
        form=row.form,
        groups=tuple(json.loads(row.groups)),
        is_trusted=row.is_trusted,
        created_at=row.created_at,
        looked_at=row.looked_at,
        result=row.result,
    )
