"""Members of other registries and lists: taken in once, or followed as they change.

A list is a stranger's word. It is fetched through the guarded client, bounded in bytes, time and
members; it says of beacons only what they may say of themselves; and it changes nothing that an
operator has set (`registry.declaring`). A look that fails changes nothing at all.
"""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import structlog
from pydantic import ValidationError

from aggregator.base.errors import BadQuery, BeaconError, RegistryUnavailable
from aggregator.protocol.member_list_items import Listed
from aggregator.protocol.member_lists import AUTO, FORMS, read_list
from aggregator.protocol.wire import Reply
from aggregator.watch.followed_words import result_of
from aggregator.watch.looking import Getter
from aggregator.watch.strangers import plainly
from registry.followed import Followed
from registry.looks import Taken
from registry.models import MEMBER_ID, MemberEntry, describe_problems
from registry.offices import GroupBook
from registry.records import moment
from registry.slices import Slices
from registry.snapshot import RegisteredMember
from registry.sources import Imported, SourceBook
from registry.store import CLOCKS_DIFFER_S, RegistryStore

__all__ = ["Followed", "Follower", "Imported", "Listed", "read_list"]

log = structlog.get_logger(__name__)

MAX_BYTES: Final = 4 * 2**20
FETCH_S: Final = 30.0
FOLLOW: Final = "follow"
"""The lease of whoever looks at what is followed."""
_READER: Final = "~list"
"""Stands for whoever serves a list in logs and limits; no member can have such an id."""
_CHECK_S: Final = 30.0
"""How often it is seen whether a look is due, if `follow_s` is not shorter."""
_FAILED_INSIDE: Final = "The look failed: this network failed at it, and its log says how."


class Follower:
    """Reads lists, takes their members in, and looks again every `follow_s`."""

    def __init__(
        self,
        store: RegistryStore,
        sources: SourceBook,
        groups: GroupBook,
        getter: Getter,
        *,
        network_id: str,
        follow_s: float,
    ) -> None:
        self._store = store
        self._sources = sources
        self._groups = groups
        self._getter = getter
        self._via = f"1.1 {network_id}"
        self._follow_s = follow_s
        self._name = secrets.token_hex(8)
        self._holds_lease = False
        self._task: asyncio.Task[None] | None = None
        self._looking = asyncio.Lock()

    async def start(self) -> None:
        """Begin to look at what is followed; of several processes one does."""
        self._task = asyncio.create_task(self._again_and_again(), name="follow registries")

    async def aclose(self) -> None:
        """End the background work."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
        if self._holds_lease and self._store.database.is_shared:
            self._holds_lease = False
            try:
                await self._store.drop_lease(FOLLOW, self._name)
            except RegistryUnavailable:
                return  # it ends by itself

    async def fetch(self, url: str, *, form: str = AUTO) -> Listed:
        """Read a list from an address; raises `BadQuery` saying why it cannot be read.

        Of a GA4GH service registry its base is enough.
        """
        entry = _reader(url)
        if form not in {AUTO, *FORMS}:
            raise BadQuery([f"form: expected {', '.join((AUTO, *FORMS))}"])
        services = f"{entry.url}/services"
        has_path = entry.url.endswith(("/services", ".json", ".yml", ".yaml", ".csv"))
        addresses = [url.strip()]
        if form in {AUTO, "ga4gh"} and not has_path:
            addresses.insert(0 if form == "ga4gh" else 1, services)
        problems: list[str] = []
        try:
            async with asyncio.timeout(FETCH_S):
                for address in addresses:
                    try:
                        return await self._read(entry, address, form)
                    except BadQuery as error:
                        problems += error.problems
        except TimeoutError:
            problems.append(f"{entry.url}: no list came within {FETCH_S:g} s")
        raise BadQuery(tuple(dict.fromkeys(problems)))

    async def take_in(
        self, listed: Listed, *, by: str, groups: Sequence[str] = (), waits: bool = False
    ) -> Imported:
        """Add what is not here yet, at once or (`waits`) to be approved.

        Groups that the list describes and nobody has described here are described first: members
        of an opaque one are at no time asked for themselves.
        """
        entries = await _grouped(listed, groups)
        for group in listed.groups:
            if group.id not in self._store.groups:
                await self._groups.describe(group, by=by)
        made = await self._sources.take_in(entries, by=by, waits=waits, keeps_ids=listed.is_own)
        return replace(made, problems=(*listed.problems, *made.problems))

    async def follow(
        self,
        source_id: str,
        url: str,
        *,
        by: str,
        form: str = AUTO,
        groups: Sequence[str] = (),
        is_trusted: bool = False,
    ) -> Followed:
        """Take in a registry's members now and whenever they change.

        Raises `BadQuery` for a list that cannot be read now: nothing is followed then. Followed
        again at the same address, it is followed in the new way.
        """
        problems = [
            f"{name}: use 1 to 63 lower-case letters, digits and hyphens, not a hyphen first"
            for name, value in (("id", source_id), *(("groups", group) for group in groups))
            if not MEMBER_ID.fullmatch(value)
        ]
        if problems:
            raise BadQuery(tuple(dict.fromkeys(problems)))
        listed = await self.fetch(url, form=form)
        source = Followed(
            id=source_id,
            url=url.strip(),
            form=form,
            groups=tuple(dict.fromkeys(groups)),
            is_trusted=is_trusted,
            created_at=moment(datetime.now(UTC)),
            looked_at=None,
            result="",
        )
        async with self._looking:
            await self._sources.put(source, by=by)
            await self._take(source, listed)
        return await self._sources.get(source_id)

    async def unfollow(self, source_id: str, *, by: str) -> None:
        """Follow a registry no more; its members stay. Raises `NotFound`."""
        async with self._looking:
            await self._sources.drop(source_id, by=by)

    async def followed(self) -> tuple[Followed, ...]:
        """Give the registries that are followed."""
        return await self._sources.all()

    async def look(self, source_id: str, *, by: str) -> Followed:
        """Look at a followed registry now; raises `NotFound`. A failure is in the result."""
        log.info("looking at a followed registry", registry=source_id, by=by)
        source = await self._sources.get(source_id)
        await self._look(source)
        return await self._sources.get(source_id)

    async def look_at_due(self) -> None:
        """Look at every registry that was not looked at for `follow_s`, one after the other.

        What fails inside at one of them stops no other.
        """
        failed = []
        for source in await self._sources.all():
            if not self._is_due(source) or not await self._leads():
                continue
            try:
                await self._look(source)
            except RegistryUnavailable:
                raise
            except Exception:
                log.exception("looking at a followed registry failed inside", registry=source.id)
                failed.append(source.id)
        for source_id in failed:
            await self._sources.looked(source_id, _FAILED_INSIDE)

    async def _again_and_again(self) -> None:
        while True:
            try:
                await self.look_at_due()
            except RegistryUnavailable:
                log.debug("the registry is not available; followed registries wait")
            except Exception:
                # A background service goes on whatever happens; what happened is in the log.
                log.exception("following registries failed")
            await asyncio.sleep(min(self._follow_s, _CHECK_S))

    async def _leads(self) -> bool:
        """Whether this process is the one that looks; takes that up if nobody does."""
        ttl_s = 2 * FETCH_S + 3 * min(self._follow_s, _CHECK_S)
        self._holds_lease = await self._store.take_lease(FOLLOW, self._name, ttl_s)
        return self._holds_lease

    def _is_due(self, source: Followed) -> bool:
        if source.looked_at is None:
            return True
        age_s = (datetime.now(UTC) - datetime.fromisoformat(source.looked_at)).total_seconds()
        # one further ahead than any clock may be was noted by a clock that was wrong
        return age_s >= self._follow_s or age_s < -CLOCKS_DIFFER_S

    async def _look(self, source: Followed) -> None:
        """Look at a registry; whatever is wrong with it is told and changes nothing."""
        async with self._looking:
            try:
                listed = await self.fetch(source.url, form=source.form)
            except RegistryUnavailable:
                raise
            except BeaconError as error:
                log.warning("a followed registry cannot be read", registry=source.id)
                told = f"It could not be read, and nothing was changed: {error.message}"
                await self._sources.looked(source.id, told)
                return
            await self._take(source, listed)

    async def _take(self, source: Followed, listed: Listed) -> None:
        entries = await _grouped(listed, source.groups)
        taken = await self._sources.declare(source, entries, is_whole=listed.is_whole)
        if taken is None:
            log.info("a registry is followed no more, or otherwise", registry=source.id)
            return
        await self._sources.looked(source.id, result_of(listed, taken))
        self._tell(source, taken)

    @staticmethod
    def _tell(source: Followed, taken: Taken) -> None:
        """Tell the log what a look changed; whoever leaves is named: every “no” is narrower now."""
        if taken.changes.removed:
            log.warning(
                "members left because a followed registry lists them no more",
                registry=source.id,
                members=taken.changes.removed,
            )
        if taken.missed:
            log.warning(
                "a followed registry does not list members; the next look removes them if it "
                "does not find them either",
                registry=source.id,
                members=taken.missed,
            )
        if taken.changes:
            log.info(
                "members of a followed registry changed",
                registry=source.id,
                added=len(taken.changes.added),
                changed=len(taken.changes.changed),
                removed=len(taken.changes.removed),
            )

    async def _read(self, entry: MemberEntry, address: str, form: str) -> Listed:
        """Get and read one document."""
        member = RegisteredMember(entry)
        followed = await self._getter.get_following(
            member, address, timeout_s=FETCH_S, max_body_bytes=MAX_BYTES, via=self._via
        )
        result = followed.result
        reply = result.reply
        if reply is None:
            why = "no answer" if result.failure is None else plainly(result.failure).message
            raise BadQuery([f"{address}: {why}"])
        if reply.status != 200:
            raise BadQuery([f"{address}: answers HTTP {reply.status} and no list"])
        if _is_page(reply):
            raise BadQuery([f"{address}: is a page for people and no list of beacons"])
        # a large list takes longer than questions should wait
        return await asyncio.to_thread(read_list, reply.body, form=form, origin=address)


def _reader(url: str) -> MemberEntry:
    """Make who is asked for the list; raises `BadQuery` for what is no address."""
    address = url.strip()
    bare = address.partition("?")[0]
    try:
        entry = MemberEntry(id="list", url=bare, timeout_s=FETCH_S)
    except ValidationError as error:
        raise BadQuery(describe_problems("", error.errors())) from None
    if "#" in address or not address.isprintable() or " " in address:
        raise BadQuery(["url: the address of a list, without # and spaces"])
    return entry.model_copy(update={"id": _READER})


async def _grouped(listed: Listed, groups: Sequence[str]) -> list[MemberEntry]:
    """Put the members of a list into groups, beside those an operator's own list names."""
    wanted = tuple(groups)
    if problems := [
        f"groups: “{one[:80]}” is no id" for one in wanted if not MEMBER_ID.fullmatch(one)
    ]:
        raise BadQuery(problems)
    if not wanted:
        return [*listed.entries]
    made, slices = [], Slices()
    for entry in listed.entries:
        together = tuple(dict.fromkeys((*entry.groups, *wanted)))
        made.append(entry.model_copy(update={"groups": together}))
        await slices.pause()
    return made


def _is_page(reply: Reply) -> bool:
    media_type = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type in {"text/html", "application/xhtml+xml"}
