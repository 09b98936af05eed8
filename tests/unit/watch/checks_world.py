"""Members that fail checks as a test says, on clocks of ours, with what checks them."""

from datetime import UTC, datetime, timedelta

from aggregator.model.outcome import NoAnswerCode
from aggregator.protocol.wire import Failure
from aggregator.upstream.breaker import Breakers, Health, Verdict, judge
from aggregator.watch.check_result import Looked
from aggregator.watch.checker import Checker
from aggregator.watch.phases import FAR
from aggregator.watch.reference import Reference
from aggregator.watch.rounds import Timetable
from aggregator.watch.witnesses import Witnesses
from registry.health import Check, Phase, Result, Rules
from registry.health import State as Standing
from registry.health_book import HealthBook
from tests.builders import Clock, member

START = datetime(2026, 5, 3, 12, tzinfo=UTC)
EVERY_S = 60.0
CODES = {
    Phase.DNS: NoAnswerCode.DNS,
    Phase.CONNECT: NoAnswerCode.CONNECT,
    Phase.TLS: NoAnswerCode.TLS,
    Phase.SLOW: NoAnswerCode.TIMEOUT,
    Phase.STATUS: NoAnswerCode.SERVER_ERROR,
}
UP, DOWN, UNKNOWN, PAUSED = Standing.UP, Standing.DOWN, Standing.UNKNOWN, Standing.PAUSED


class World:
    """A network of members that fail where they are told to, on clocks of ours."""

    def __init__(self, *names, places=()):
        self.clock = Clock(1000.0)
        self.fails: dict[str, Phase | None] = dict.fromkeys(names)
        self.retry_after_s = 0.0
        self.certified: set[str] = set()
        """Whose certificate comes, and is not to be trusted."""
        self.members = {name: member(name) for name in names}
        self.book = HealthBook(Rules(), now=self.now, writer="test")
        self.breakers = Breakers(rand=lambda: 0.5)
        self.timetable = Timetable(EVERY_S, jitter=0.0, rand=lambda: 0.0)
        self.looks = []
        self.during = lambda: None
        self.online = set(places)
        self.counted = []
        self.checker = Checker(
            prober=self,
            reference=Reference(places, clock=self.clock, connect=self.connect),
            witnesses=Witnesses(every_s=EVERY_S),
            book=self.book,
            breakers=self.breakers,
            timetable=self.timetable,
            members=lambda: self.members,
            clock=self.clock,
            now=self.now,
            on_check=lambda name, check: self.counted.append((name, check.result)),
        )
        self.timetable.due(self.members.values(), self.clock.now)

    def now(self):
        return START + timedelta(seconds=self.clock.now - 1000)

    async def connect(self, place):
        return place in self.online

    async def look(self, one):
        self.looks.append(one.id)
        at, phase = self.now(), self.fails[one.id]
        self.during()
        if phase is None:
            verdict = Verdict(Health.WORKS, self.retry_after_s or None)
            check = Check(at, Result.UP, status=200, elapsed_ms=100.0)
            return Looked(check, verdict, self.retry_after_s)
        failure = Failure(CODES[phase], "why", status=500 if phase is Phase.STATUS else None)
        check = Check(at, Result.DOWN, phase, failure.status, message="why", request="curl x")
        has_reached = phase not in FAR or one.id in self.certified
        return Looked(check, judge(failure), self.retry_after_s, has_reached)

    async def check(self, *names):
        for name in names or self.members:
            await self.checker.check(self.members[name])
            self.clock.pass_s(0.1)

    async def rounds(self, number, *names):
        for _ in range(number):
            await self.check(*names)
            self.clock.pass_s(EVERY_S - 0.1 * len(names or self.members))

    def state(self, name):
        return self.book.standing(name).state

    @property
    def states(self):
        return {name: self.state(name) for name in self.members}

    @property
    def events(self):
        found = []
        while batch := self.book.drain():
            found += [(event.member_id, event.topic.value, event.what) for event in batch.events]
        return found

    def due(self):
        return [one.id for one in self.timetable.due(self.members.values(), self.clock.now)]
