"""Reads what objectives are judged by from the history of health."""

from collections.abc import Collection, Mapping
from datetime import datetime

from registry.health_store import HealthStore
from registry.history import Kind, Tier
from registry.objectives import Objective, month_of, objectives


async def objectives_of(
    store: HealthStore, member_ids: Collection[str], *, every_s: float, now: datetime
) -> Mapping[str, tuple[Objective, ...]]:
    """Judge the calendar month so far of each of these members, by id.

    `every_s` is the time between checks, 0 where none are made. Raises `RegistryUnavailable`.
    """
    began, _ = month_of(now)
    checks = await store.buckets(Tier.DAY, began, kind=Kind.CHECK, member_ids=member_ids)
    questions = await store.buckets(Tier.DAY, began, kind=Kind.QUESTION, member_ids=member_ids)
    return {
        member_id: objectives(
            checks.get(member_id, ()), questions.get(member_id, ()), every_s=every_s, now=now
        )
        for member_id in member_ids
    }
