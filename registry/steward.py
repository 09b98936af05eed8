"""What operators and members do with members: every change in one transaction with its log line.

A change that changes nothing is no error and leaves no line. Errors are those of
`aggregator.base.errors`: `BadQuery` names every field that is wrong, `NotFound`, `Conflict`,
`Forbidden`, `RegistryUnavailable`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, TypeVar

from pydantic import ValidationError

from aggregator.base.errors import BadQuery, Conflict, Forbidden, NotFound
from registry.admission import put_new, refuse_missing, refuse_taken, refuse_unknown_groups
from registry.database import Change
from registry.health_forgetting import forget_alerts
from registry.keys import KeyKind, find_key, make_key, spend
from registry.models import NO_TOKEN, OPERATOR_ONLY, MemberEntry, Pause, describe_problems
from registry.ordering import put_in_order
from registry.places import place_of_url
from registry.records import (
    OPERATOR,
    REGISTRATION,
    MemberRecord,
    MemberState,
    moment,
)
from registry.registration import (
    Registration,
    checked,
    checked_entry,
    edited,
    with_own,
)
from registry.rows import load, load_all, save, storable, tell
from registry.spent_forms import spend_in
from registry.standing_rules import GONE, refuse_gone, refuse_operators_pause, refuse_stale
from registry.store import RegistryStore

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Registered:
    """What came of joining."""

    record: MemberRecord
    service_key: str
    """Shown now and never again."""


class Steward:
    """Changes members; `changed` is awaited after every change, to bring it into force here."""

    def __init__(
        self,
        store: RegistryStore,
        *,
        changed: Callable[[], Awaitable[object]],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._database = store.database
        self._changed = changed
        self._now = now

    async def record(self, member_id: str) -> MemberRecord:
        """Give a member of whatever state; raises `NotFound`."""
        found = await self._database.read(lambda connection: load(connection, member_id))
        if found is None:
            raise NotFound(f"There is no member “{member_id[:80]}”.")
        return found

    async def records(self) -> tuple[MemberRecord, ...]:
        """Give every member of whatever state, in registry order."""
        return await self._database.read(load_all)

    async def add(
        self, document: Mapping[str, Any], *, by: str, origin: str = OPERATOR, contact: str = ""
    ) -> MemberRecord:
        """Add a member at once."""
        entry = checked_entry(document)

        async def put(change: Change) -> MemberRecord:
            await refuse_taken(change, entry, by=by)
            await refuse_unknown_groups(change, entry.groups)
            await refuse_missing(change, entry)
            return await put_new(
                change,
                entry,
                state=MemberState.ACTIVE,
                origin=origin,
                by=by,
                contact=contact,
                now=self._now(),
            )

        return await self._do(put)

    async def register(
        self,
        registration: Registration,
        *,
        by: str,
        at_once: bool = False,
        invitation: str | None = None,
        form: str | None = None,
    ) -> Registered:
        """Let a beacon join: pending, or a member at once by an invitation or if `at_once`.

        `form` is the one-time token of the form that was sent; raises `Conflict` for the second.
        An invitation that opens nothing is `Forbidden`.
        """
        entry = checked(registration.entry)

        async def put(change: Change) -> Registered:
            if form is not None:
                await self._spend(change, form, entry.id)
            await refuse_taken(change, entry, by=by)
            is_invited = invitation is not None and bool(invitation.strip())
            if is_invited:
                key = await find_key(change.connection, invitation or "", KeyKind.INVITATION)
                refusal = "this network has not given it out" if key is None else None
                refusal = refusal or (key.refusal(self._now()) if key else None)
                if key is None or refusal:
                    raise Forbidden(f"invitation: {refusal}. Leave it out to wait for approval.")
                await spend(change, key)
            state = MemberState.ACTIVE if at_once or is_invited else MemberState.PENDING
            record = await put_new(
                change,
                entry,
                state=state,
                origin=REGISTRATION,
                by=by,
                contact=registration.contact,
                now=self._now(),
                action="join" if state is MemberState.ACTIVE else "ask to join",
            )
            service_key, _ = await make_key(
                change, KeyKind.SERVICE, owner=entry.id, now=self._now()
            )
            return Registered(record, service_key)

        return await self._do(put)

    async def edit(
        self,
        member_id: str,
        changes: Mapping[str, Any],
        *,
        by: str,
        contact: str | None = None,
        as_of: str | None = None,
    ) -> MemberRecord:
        """Change fields of an entry; None puts a field back to its default.

        `as_of` is the `updated_at` of what the changes were made from; raises `Conflict` if the
        member has changed since.
        """

        def alter(record: MemberRecord) -> MemberRecord:
            refuse_stale(record, as_of)
            entry = edited(record.entry, changes)
            told = record.contact if contact is None else contact
            return replace(record, member=record.member.with_facts(entry=entry), contact=told)

        return await self.amend(member_id, alter, by=by, action="edit")

    async def propose(
        self,
        member_id: str,
        changes: Mapping[str, Any],
        *,
        by: str,
        at_once: bool,
        contact: str | None = None,
    ) -> MemberRecord:
        """Change fields on a member's own behalf: only those a registration may set.

        Without `at_once` another address waits for the operator while the member stays as it is;
        always, if a credential of the operator would go there, or TLS would be lost.
        """
        if forbidden := sorted(OPERATOR_ONLY & changes.keys()):
            raise BadQuery(
                [f"{name}: only the operator of this network sets it" for name in forbidden]
            )
        if "paused" in changes:
            raise BadQuery(["paused: it is changed by pausing and resuming, not with the entry"])

        def alter(record: MemberRecord) -> MemberRecord:
            refuse_gone(record, as_member=True)
            entry = edited(with_own(record.entry, record.proposed), changes)
            told = record.contact if contact is None else contact
            record = replace(record, contact=told)
            must_wait = not at_once or _is_risky(record.entry, entry)
            if record.state is MemberState.ACTIVE and entry.url != record.entry.url and must_wait:
                return replace(record, proposed=entry)
            return replace(record, member=record.member.with_facts(entry=entry), proposed=None)

        return await self.amend(member_id, alter, by=by, action="edit")

    async def approve(self, member_id: str, *, by: str, as_of: str | None = None) -> MemberRecord:
        """Let a member in that waits, or a change of its own that waits.

        `as_of` is the `updated_at` of what was looked at; raises `Conflict` if that has changed.
        """

        def alter(record: MemberRecord) -> MemberRecord:
            if record.state is MemberState.REMOVED:  # whatever was looked at
                raise Conflict(f"{member_id} has been removed: restore it instead.")
            refuse_stale(record, as_of)
            if record.proposed is not None:
                entry = with_own(record.entry, record.proposed)
                record = replace(
                    record, member=record.member.with_facts(entry=entry), proposed=None
                )
            return replace(record, state=MemberState.ACTIVE, note="")

        return await self.amend(member_id, alter, by=by, action="approve")

    async def reject(
        self, member_id: str, *, by: str, note: str = "", as_of: str | None = None
    ) -> MemberRecord:
        """Turn a member away that waits, or a change of its own that waits.

        `as_of` is the `updated_at` of what was looked at; raises `Conflict` if that has changed.
        """

        def alter(record: MemberRecord) -> MemberRecord:
            refuse_stale(record, as_of)
            if record.state is MemberState.ACTIVE and record.proposed is not None:
                return replace(record, proposed=None)
            if record.state is MemberState.REJECTED:
                return record
            if record.state is not MemberState.PENDING:
                raise Conflict(f"{member_id} does not wait for approval: it is {record.state}.")
            return replace(record, state=MemberState.REJECTED, note=_note(note))

        return await self.amend(member_id, alter, by=by, action="reject", note=note)

    async def pause(
        self,
        member_id: str,
        *,
        by: str,
        until: date | datetime | str | None = None,
        note: str = "",
        as_member: bool = False,
    ) -> MemberRecord:
        """Stop asking a member for a while; `until` is a date or moment, None for open end."""
        who: Literal["operator", "member"] = "member" if as_member else "operator"
        document = {"until": until or None, "note": note.strip(), "by": who}
        try:
            pause = Pause.model_validate(document)
        except ValidationError as error:
            raise BadQuery(describe_problems("paused", error.errors())) from None
        if pause.is_over(self._now()):
            raise BadQuery(["until: this is in the past; give a later day, as 2030-12-31"])

        def alter(record: MemberRecord) -> MemberRecord:
            refuse_gone(record, as_member=as_member)
            refuse_operators_pause(record, as_member=as_member)
            entry = record.entry.model_copy(update={"paused": pause})
            return replace(record, member=record.member.with_facts(entry=entry))

        return await self.amend(member_id, alter, by=by, action="pause", note=note)

    async def resume(self, member_id: str, *, by: str, as_member: bool = False) -> MemberRecord:
        """Ask a member again."""

        def alter(record: MemberRecord) -> MemberRecord:
            refuse_gone(record, as_member=as_member)
            refuse_operators_pause(record, as_member=as_member)
            entry = record.entry.model_copy(update={"paused": None})
            return replace(record, member=record.member.with_facts(entry=entry))

        return await self.amend(member_id, alter, by=by, action="resume")

    async def remove(self, member_id: str, *, by: str, note: str = "") -> MemberRecord:
        """Take a member out of the network; it can be restored, without its alerts."""

        def alter(record: MemberRecord) -> MemberRecord:
            if record.state is MemberState.REMOVED:
                return record
            refuse_gone(record, as_member=by == f"member:{member_id}")
            return replace(
                record,
                state=MemberState.REMOVED,
                proposed=None,
                note=_note(note),
                left_by=storable(by),
                left_as=record.state,
            )

        return await self.amend(member_id, alter, by=by, action="remove", note=note)

    async def restore(self, member_id: str, *, by: str) -> MemberRecord:
        """Bring back a member that was removed."""

        def alter(record: MemberRecord) -> MemberRecord:
            if record.state not in {MemberState.REMOVED, MemberState.ACTIVE}:
                raise Conflict(f"{member_id} was not removed: it is {record.state}.")
            return replace(record, state=MemberState.ACTIVE, note="", left_by="", left_as=None)

        return await self.amend(member_id, alter, by=by, action="restore")

    async def order(self, ids: Sequence[str], *, by: str) -> tuple[str, ...]:
        """Put these members first, in this order; gives the whole order."""

        async def put(change: Change) -> tuple[str, ...]:
            return await put_in_order(change, ids, by=by, now=self._now())

        return await self._do(put)

    async def amend(
        self,
        member_id: str,
        alter: Callable[[MemberRecord], MemberRecord],
        *,
        by: str,
        action: str,
        note: str = "",
    ) -> MemberRecord:
        """Change one member by a pure function of its record."""

        async def put(change: Change) -> MemberRecord:
            before = await load(change.connection, member_id)
            if before is None:
                raise NotFound(f"There is no member “{member_id[:80]}”.")
            after = alter(before)
            if after == before:
                return before
            is_back = before.state in GONE and after.state is MemberState.ACTIVE
            if is_back or place_of_url(after.entry.url) != place_of_url(before.entry.url):
                await refuse_taken(change, after.entry, by=by, but=member_id)
            if after.proposed is not None and after.proposed != before.proposed:
                await refuse_taken(change, after.proposed, by=by, but=member_id)
            new_groups = [one for one in after.entry.groups if one not in before.entry.groups]
            await refuse_unknown_groups(change, new_groups)
            await refuse_missing(change, after.entry, before.entry)
            after = replace(after, updated_at=_later(before.updated_at, self._now()))
            await save(change, after)
            if after.state in GONE and before.state not in GONE:
                await forget_alerts(change, member_id)
            await tell(
                change,
                now=self._now(),
                by=by,
                action=action,
                subject=member_id,
                before=before.document(),
                after=after.document(),
                note=note,
            )
            return after

        return await self._do(put)

    async def _do(self, put: Callable[[Change], Awaitable[T]]) -> T:
        async def do() -> T:
            made = await self._database.change(put)
            await self._changed()
            return made

        # what was changed comes into force also when whoever asked for it has gone
        return await self._database.finish(do())

    async def _spend(self, change: Change, form: str, outcome: str) -> None:
        earlier = await spend_in(change, form, outcome, now=self._now())
        if earlier is not None:
            raise Conflict(
                f"This form was sent before, and “{earlier}” was registered by it. Its service key "
                "was shown in the answer to the first one; if it is lost, ask the operator for "
                "another."
            )


def _later(before: str, now: datetime) -> str:
    """Give the moment of a change: later than the last one, whatever the clock says."""
    at = moment(now)
    if at > before:
        return at
    return moment(datetime.fromisoformat(before) + timedelta(milliseconds=1))


def _is_risky(here: MemberEntry, there: MemberEntry) -> bool:
    """Whether asking there would show a credential of ours to somebody else, or to everybody."""
    is_bare = there.url.startswith("http:") and not here.url.startswith("http:")
    return is_bare or here.token != NO_TOKEN


def _note(text: str) -> str:
    return storable(text.strip()[:2_000])
