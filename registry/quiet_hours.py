"""The hours of every day in which nobody is told anything, in their own time zone. Pure."""

import re
from datetime import UTC, datetime, time, timedelta
from typing import Final, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

_ZONE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}")
_CLOCK: Final = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")


class QuietHours(BaseModel):
    """The hours of every day in which nothing is sent; over midnight where `to` is earlier."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)

    zone: str = "UTC"
    """A name of the time zone database."""
    begins: str = Field(alias="from")
    ends: str = Field(alias="to")

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        if not _is_zone(zone):
            told = "no time zone of this name is known; for instance: Europe/Helsinki, or UTC"
            raise ValueError(told)
        return zone

    @field_validator("begins", "ends")
    @classmethod
    def _clock(cls, told: str) -> str:
        if not _CLOCK.fullmatch(told):
            raise ValueError("a time of day, as 22:00")
        return told

    @model_validator(mode="after")
    def _some(self) -> Self:
        if self.begins == self.ends:
            raise ValueError("from and to are the same, which leaves no time to tell anything")
        return self

    def end_after(self, now: datetime) -> datetime | None:
        """Say when the quiet hours end that `now` is in; None outside of them."""
        zone = ZoneInfo(self.zone)
        here = now.astimezone(zone)
        begins, ends = time.fromisoformat(self.begins), time.fromisoformat(self.ends)
        for day in (here.date() - timedelta(days=1), here.date()):
            last = day if ends > begins else day + timedelta(days=1)
            start = datetime.combine(day, begins, zone).astimezone(UTC)
            end = datetime.combine(last, ends, zone).astimezone(UTC)
            if start <= now < end:
                return end
        return None


def _is_zone(name: str) -> bool:
    try:
        return bool(_ZONE.fullmatch(name) and ZoneInfo(name))
    except (ValueError, OSError, KeyError):
        return False
