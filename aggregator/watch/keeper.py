"""Keeps the registry current: reads the seed, looks at members, publishes snapshots.

The engine reads the published snapshot and writes nothing; what it learns comes here as events.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import structlog

from aggregator.base.errors import ConfigError, RegistryUnavailable
from aggregator.engine.asking import DialectLearned
from aggregator.upstream.tokens import Credential, credential_for
from aggregator.watch.discovery import look_further, recognise
from aggregator.watch.lease import Lease
from aggregator.watch.looking import Discovery, Getter, getter_for
from aggregator.watch.probing import Caller, probe
from aggregator.watch.publishing import Joiner, next_snapshot, places_of, work_out
from aggregator.watch.schedule import Extent, LookSchedule, after_glance
from registry.controls import Controls
from registry.groups import in_several
from registry.models import MemberEntry
from registry.places import place_of
from registry.records import Changes
from registry.seed import Seed, SeedFile
from registry.seeding import Seeder
from registry.slices import Slices
from registry.snapshot import RegisteredMember, SnapshotHolder
from registry.store import RegistryStore

log = structlog.get_logger(__name__)

CONCURRENT_LOOKS: Final = 8
AGAIN_S: Final = 1.0
"""How soon the registry is asked again for what it could not tell."""


class RegistryKeeper:
    """Owns the background tasks that keep the registry current.

    Without a `prober`, no test questions are asked.
    """

    def __init__(
        self,
        *,
        store: RegistryStore,
        lease: Lease,
        seeder: Seeder,
        holder: SnapshotHolder,
        getter: Getter,
        network_id: str,
        seed: SeedFile | None,
        given: Sequence[MemberEntry] = (),
        poll_s: float,
        info_s: float,
        refresh_s: float,
        retry_s: float,
        prober: Caller | None,
        environ: Callable[[], dict[str, str]],
        on_members: Callable[[tuple[str, ...]], None] = lambda ids: None,
        on_moved: Callable[[str], None] = lambda member_id: None,
    ) -> None:
        self._store = store
        self._lease = lease
        self._seeder = seeder
        self._given = tuple(given)
        self._overlaps: Mapping[str, tuple[str, ...]] = {}
        self._hurry = asyncio.Event()
        self._holder = holder
        self._getter = getter
        self._via = f"1.1 {network_id}"
        self._seed = seed
        self._poll_s = poll_s
        self._schedule = LookSchedule(info_s=info_s, refresh_s=refresh_s, retry_s=retry_s)
        self._prober = prober
        self._environ = environ
        self._on_members = on_members
        self._on_moved = on_moved
        self._places: Mapping[str, str] = {}
        self._published = -1
        self.controls: Callable[[], Mapping[str, Controls]] = dict
        """Gives the controls that members fail, by id; set by whoever knows them."""
        self._in_force: Mapping[str, Controls] = {}
        self._joiner = Joiner()
        self._tasks: set[asyncio.Task[None]] = set()
        self._looks: dict[str, asyncio.Task[None]] = {}
        self._publishing = asyncio.Lock()
        self._slots = asyncio.Semaphore(CONCURRENT_LOOKS)

    async def start(self) -> None:
        """Take in the seed, publish, and begin to look.

        Raises `ConfigError` for a bad seed, unless there are members already: they stay in force,
        as when a running network is given one.
        """
        await self._store.refresh()
        if self._seed is not None or self._given:
            try:
                await self._declare()
            except ConfigError as error:
                if not self._store.members:
                    raise
                _tell_bad_seed(error)
        await self._store.refresh()
        await self._publish()
        self._spawn(self._again_and_again(self.reload), "watch the seed")
        self._spawn(self._again_and_again(self.refresh, hurries=True), "follow the registry")
        self._spawn(self._again_and_again(self._look_around), "look at members")

    async def aclose(self) -> None:
        """End the background tasks; another process may look at members at once."""
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self._lease.aclose()

    async def refresh(self) -> bool:
        """Bring into force what was changed in the registry, here or by another process."""
        await self._store.refresh()
        if self._published == self._store.revision and self.controls() == self._in_force:
            return False
        # also if whoever changed something has gone by now
        await asyncio.shield(self._spawn(self._publish(), "publish"))
        return True

    def hurry(self) -> None:
        """Look for changes of the registry now; somebody has heard of one."""
        self._hurry.set()

    def learned(self, event: DialectLearned) -> None:
        """Take in what a question taught about a member's dialect."""
        log.info(
            "dialect learned",
            member=event.member_id,
            dialect=event.dialect.model_dump(exclude_defaults=True, mode="json"),
        )  # not why: a member's own words may repeat the question
        self._spawn(self._learn(event), f"learn {event.member_id}")

    async def look_at_all(self) -> None:
        """Look at every member that is due, wait for the looks that run, publish what changed."""
        if looks := await self._begin_looks():
            await asyncio.wait(looks)

    async def reload(self) -> bool:
        """Read the seed if it changed; a bad one changes nothing and is logged."""
        if self._seed is None or not self._seed.has_changed():
            return False
        try:
            changes = await self._declare()
        except ConfigError as error:
            _tell_bad_seed(error)
            return False
        log.info(
            "members reloaded",
            added=changes.added,
            changed=changes.changed,
            removed=changes.removed,
        )
        await self.refresh()
        return True

    async def _declare(self) -> Changes:
        # a long file takes long to parse; questions go on meanwhile
        seed = Seed() if self._seed is None else await asyncio.to_thread(self._seed.read)
        try:
            changes = await self._seeder.declare((*self._given, *seed.members), seed.groups)
        except RegistryUnavailable:
            if self._seed is not None:
                self._seed.forget()
            raise
        for subject, fields in changes.kept.items():
            log.warning(
                "the registry differs from the members file, and stays as it is",
                subject=subject,
                differs=fields,
            )
        for subject, problems in changes.doubtful.items():
            log.warning(
                "the members file names what is not there", subject=subject, problems=problems
            )
        return changes

    async def _again_and_again(
        self, step: Callable[[], Awaitable[object]], *, hurries: bool = False
    ) -> None:
        """Run a step every `poll_s`, or at once when somebody hurries it.

        One that somebody may have hurried and that failed is run again soon.
        """
        while True:
            wait_s = self._poll_s
            try:
                await step()
            except RegistryUnavailable:
                wait_s = min(self._poll_s, AGAIN_S)
                log.debug("the registry is not available; its last state stays in force")
            except Exception:
                # A background service goes on whatever happens; what happened is in the log.
                log.exception("watching the registry failed")
            if not hurries:
                await asyncio.sleep(self._poll_s)
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._hurry.wait()
            self._hurry.clear()

    async def _look_around(self) -> None:
        """Begin the looks that are due and wait for none: a silent member delays no other.

        Of several processes on one registry one looks, and all know what it saw.
        """
        if await self._lease.is_ours():
            await self._begin_looks()

    async def _begin_looks(self) -> set[asyncio.Task[None]]:
        """Begin to look at every member that is due; gives all looks that are running."""
        now, slices = asyncio.get_running_loop().time(), Slices()
        for member_id in self._holder.current.everyone_by_id:
            await slices.pause()
            # as it is now: it may have left meanwhile
            member = self._holder.current.everyone_by_id.get(member_id)
            if member is None or member_id in self._looks:
                continue
            if self._schedule.is_due(member, now):
                self._schedule.begin(member, now)
                task = self._spawn(self._look_at(member), f"look at {member.id}")
                self._looks[member.id] = task
                task.add_done_callback(partial(self._end_look, member.id))
        return set(self._looks.values())

    def _end_look(self, member_id: str, _: object) -> None:
        del self._looks[member_id]

    async def _look_at(self, member: RegisteredMember) -> None:
        try:
            async with self._slots:
                began = asyncio.get_running_loop().time()
                if await self._discover(member, began) is Extent.ALL:
                    await self._probe(member.id, began)
        except Exception:
            # A background service goes on whatever happens; what happened is in the log.
            log.exception("looking at a member failed", member=member.id)

    async def _discover(self, member: RegisteredMember, began: float) -> Extent | None:
        """Glance at a member, look further if that is due; gives what was looked at."""
        authorization = self._authorization(member)
        get = getter_for(member, self._getter, via=self._via, authorization=authorization)
        found = await recognise(member, get, now=datetime.now(UTC))
        if found.capabilities is None:
            self._tell_unrecognised(member, found)
            return None
        extent = self._schedule.extent(member, found.capabilities, began)
        if extent is Extent.MISSING:
            unfinished = self._schedule.unfinished(member)
            found = await look_further(found, member, get, unfinished)
        elif extent is not Extent.GLANCE:
            found = await look_further(found, member, get)
        known = found.capabilities or member.capabilities
        if extent is Extent.GLANCE:
            known = after_glance(member.capabilities, known)
        current = self._holder.current.everyone_by_id.get(member.id)
        if current is None or place_of(current.entry) != place_of(member.entry):
            return None  # it was moved meanwhile: this is about another beacon
        self._schedule.saw(member, extent, found, began)
        if await self._store.learn_capabilities(member.id, known, place=place_of(member.entry)):
            await self._publish()
        return extent

    async def _probe(self, member_id: str, began: float) -> None:
        """Ask a member test questions, where that is wanted."""
        member = self._holder.current.everyone_by_id.get(member_id)
        if self._prober is None or member is None or not _may_be_asked(member):
            return
        if not self._schedule.may_probe(member, began):
            return
        self._schedule.probed(member, began)
        authorization = self._authorization(member)
        found = await probe(member, self._prober, via=self._via, authorization=authorization)
        current = self._holder.current.everyone_by_id.get(member_id)
        place = place_of(member.entry)
        if current is None or place_of(current.entry) != place:
            return
        sentences = tuple(str(one) for one in found.probes)
        learn = partial(self._store.learn_dialect, place=place)
        has_learned = await learn(member_id, found.learned, sentences)
        if found.data_sets is not None:
            known = current.capabilities.model_copy(update={"data_sets": found.data_sets})
            has_learned |= await self._store.learn_capabilities(member_id, known, place=place)
        if has_learned:
            log.info(
                "member probed",
                member=member_id,
                dialect=found.learned.model_dump(exclude_defaults=True, mode="json"),
            )
            await self._publish()

    def _tell_unrecognised(self, member: RegisteredMember, found: Discovery) -> None:
        if found.looks:
            log.warning("member not recognised", member=member.id, seen=found.looks[0].result)

    def _authorization(self, member: RegisteredMember) -> str | None:
        credential = credential_for(member, None, self._environ())
        return credential.authorization if isinstance(credential, Credential) else None

    async def _learn(self, event: DialectLearned) -> None:
        try:
            place = event.place
            if await self._store.learn_dialect(event.member_id, event.dialect, place=place):
                await self._publish()
        except RegistryUnavailable:
            log.warning("a dialect was learned and could not be kept", member=event.member_id)

    async def _publish(self) -> None:
        async with self._publishing:
            revision = self._store.revision
            members, groups = self._store.members, tuple(self._store.groups.values())
            await work_out(members)
            in_force = self.controls()
            members = self._joiner.joined(members, in_force)
            places = await places_of(members)
            if any(group.opaque for group in groups):
                self._tell_overlaps(in_several(members, groups))
            self._holder.put(await next_snapshot(self._holder.current, members, groups))
            self._schedule.keep(places)
            self._on_members(tuple(places))
            self._tell_moved(places)
            self._published, self._in_force = revision, in_force

    def _tell_moved(self, places: Mapping[str, str]) -> None:
        for member_id, place in places.items():
            if self._places.get(member_id, place) != place:
                self._on_moved(member_id)
        self._places = places

    def _tell_overlaps(self, overlaps: Mapping[str, tuple[str, ...]]) -> None:
        for member_id, groups in overlaps.items():
            if self._overlaps.get(member_id) != groups:
                log.warning(
                    "a member of several opaque groups answers in the first alone",
                    member=member_id,
                    groups=groups,
                )
        self._overlaps = overlaps

    def _spawn(self, coroutine: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(coroutine, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _tell_bad_seed(error: ConfigError) -> None:
    log.error(
        "the members file cannot be used; what the registry holds stays in force",
        problems=error.problems,
    )


def _may_be_asked(member: RegisteredMember) -> bool:
    pause = member.entry.paused
    is_paused = pause is not None and not pause.is_over(datetime.now(UTC))
    return not (member.entry.disabled or is_paused)
