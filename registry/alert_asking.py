"""How often a mail address may be asked whether it wants alerts, whoever asks, and that it is not.

It is remembered beside the targets, by digest: neither removing a target nor another member makes
a new beginning.
"""

import hashlib
import hmac
import math
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, func, insert, select, update

from aggregator.base.errors import Conflict, RateLimited
from registry.alert_rows import keep_newest
from registry.alerts import OPERATOR, Kind, Target
from registry.database import Change
from registry.health_tables import ALERT_ADDRESSES, ALERT_DELIVERIES, ALERT_TARGETS
from registry.records import MemberState
from registry.rows import load

ASK_AGAIN_AFTER: Final = timedelta(minutes=10)
"""How long one owner waits before it has an address asked once more."""
DAY: Final = timedelta(days=1)
MOST_A_DAY: Final = 5
"""Questions to one address, whoever asks."""
TEST: Final = "test"
"""What the key of a test begins with."""
TEST_AGAIN_S: Final = 10.0
"""How long to wait between two tests of one target."""
KEPT: Final = 20
"""Tests and questions of one target that are kept in the log of messages, each."""
NEVER: Final = "it does not want to be asked"
WAITS: Final = "waits for an operator of this network to let it in"

_A: Final = ALERT_ADDRESSES.c


def digest_of(address: str, owner: str = "") -> str:
    """Stand for an address, or for what one owner asked it."""
    return hashlib.sha256(f"{owner}\n{address.lower()}".encode()).hexdigest()


def never_token(secret: str, address_digest: str) -> str:
    """Make the secret part of the link by which an address is never asked again."""
    told = f"alert link never {address_digest}".encode()
    return f"{address_digest}.{hmac.new(secret.encode(), told, hashlib.sha256).hexdigest()[:40]}"


async def refuse_strangers(change: Change, owner: str) -> None:
    """Refuse to send anything for who is no member; raises `Conflict`."""
    if owner == OPERATOR:
        return
    record = await load(change.connection, owner)
    if record is None or record.state is not MemberState.ACTIVE:
        raise Conflict(stranger_words(owner, None if record is None else record.state))


def stranger_words(owner: str, state: MemberState | None) -> str:
    """Say why nothing is told of who is no member."""
    if state is MemberState.PENDING:
        return f"“{owner}” {WAITS}: nothing is told of it before."
    return "It is no member of this network: nothing is told of it."


async def take_test(change: Change, target: Target, now: datetime) -> None:
    """Count a test that is sent; raises `RateLimited`, and `Conflict` for who is no member."""
    await refuse_strangers(change, target.owner)
    table = ALERT_DELIVERIES.c
    of_tests = (table.target_id == target.id) & table.key.startswith(f"{TEST}:", autoescape=True)
    last = await change.connection.execute(select(func.max(table.created_at)).where(of_tests))
    wait_s = (last.scalar_one_or_none() or 0.0) + TEST_AGAIN_S - now.timestamp()
    if 0 < wait_s <= TEST_AGAIN_S:
        raise RateLimited("It was tested a moment ago. Wait ten seconds.", math.ceil(wait_s))
    await keep_newest(change, target.id, TEST, KEPT - 1)


async def take_question(change: Change, target: Target, now: datetime) -> None:
    """Count a question to an address; raises `Conflict` if it may not be asked now."""
    forgotten = _A.is_refused.is_(False) & (_A.asked_at < (now - 2 * DAY).timestamp())
    await change.connection.execute(delete(ALERT_ADDRESSES).where(forgotten))
    everybodys, owners = digest_of(target.address), digest_of(target.address, target.owner)
    query = select(ALERT_ADDRESSES).where(_A.digest.in_([everybodys, owners]))
    known = {row.digest: row for row in await change.connection.execute(query)}
    all_, mine = known.get(everybodys), known.get(owners)
    if all_ is not None and all_.is_refused:
        raise Conflict("address: it said that it does not want to be asked. Use another one.")
    if mine is not None and _is_within(ASK_AGAIN_AFTER, mine.asked_at, now):
        raise Conflict("It was asked a moment ago. Look for the mail, also among spam.")
    is_new_day = all_ is None or not _is_within(DAY, all_.since, now)
    if all_ is not None and not is_new_day and all_.times >= MOST_A_DAY:
        raise Conflict(f"It was asked {MOST_A_DAY} times within a day. Ask again tomorrow.")
    for digest in (everybodys, owners):
        row, values = known.get(digest), {"asked_at": now.timestamp()}
        if row is None or is_new_day:
            values |= {"since": now.timestamp(), "times": 1}
        else:
            values["times"] = row.times + 1
        await _put(change, digest, values, is_new=row is None)


async def note_refusal(change: Change, address_digest: str, *, is_refused: bool) -> None:
    """Remember that an address is not to be asked, or that it may be."""
    query = select(_A.digest).where(_A.digest == address_digest)
    is_new = (await change.connection.execute(query)).first() is None
    if is_new and not is_refused:
        return
    times = {"asked_at": 0.0, "since": 0.0, "times": 0} if is_new else {}
    await _put(change, address_digest, {"is_refused": is_refused, **times}, is_new=is_new)


async def switch_off_unconfirmed(change: Change, address_digest: str) -> None:
    """Ask nothing more for targets whose address said that it is not to be asked."""
    t = ALERT_TARGETS.c
    query = select(t.id, t.address).where(t.kind == Kind.EMAIL.value, t.confirmed_at.is_(None))
    rows = await change.connection.execute(query)
    ids = [row.id for row in rows if digest_of(row.address) == address_digest]
    chosen = t.is_on & t.id.in_(ids)  # who was switched off before is told why
    off = {"is_on": False, "off_reason": NEVER}
    await change.connection.execute(update(ALERT_TARGETS).where(chosen).values(**off))


def _is_within(time: timedelta, since: float, now: datetime) -> bool:
    """Whether less than that has passed; what is ahead was noted by a clock that was wrong."""
    return 0 <= now.timestamp() - since < time.total_seconds()


async def _put(change: Change, digest: str, values: dict[str, Any], *, is_new: bool) -> None:
    if is_new:
        made = {"digest": digest, "is_refused": False, **values}
        await change.connection.execute(insert(ALERT_ADDRESSES).values(**made))
    else:
        chosen = _A.digest == digest
        await change.connection.execute(update(ALERT_ADDRESSES).where(chosen).values(**values))
