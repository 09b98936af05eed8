"""`serve` with several processes: they share the port by SO_REUSEPORT and are looked after here.

The parent answers nobody. It holds the port without listening, starts the workers, starts a crashed
one again after a pause that grows, and passes the end on: the first signal lets running questions
finish, the second ends everything at once. Workers end themselves when the parent is gone.
"""

import asyncio
import gc
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from typing import Final

import click
import structlog

from aggregator.app import serve as serve_network
from aggregator.base.errors import ConfigError
from aggregator.base.settings import Settings
from aggregator.commands.exits import UNUSABLE
from aggregator.commands.loop import run

log = structlog.get_logger(__name__)

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 30.0
STEADY_S: Final = 60.0
"""A worker that lived so long was well: its next crash is a first one."""
CLOSE_S: Final = 10.0
"""How much longer than its questions a worker may take to end."""

_STOPS: Final = (signal.SIGTERM, signal.SIGINT)


def pause_s(crashes: int) -> float:
    """Give how long to wait before a worker that crashed so often in a row is started again."""
    return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** (crashes - 1))


def supervise(settings: Settings) -> int:
    """Run `server.workers` processes until SIGTERM or SIGINT; gives the exit code.

    Raises OSError where the address cannot be used.
    """
    with ExitStack() as stack:
        port = _hold_port(settings, stack)
        server = settings.server.model_copy(update={"port": port})
        settings = settings.model_copy(update={"server": server})
        gc.collect()
        gc.freeze()
        with _signals() as signals, _pipe() as life, _pipe() as ready:
            return _Workers(settings, signals, life, ready).run()


@dataclass(slots=True)
class _Worker:
    index: int
    process: ForkProcess | None = None
    started_at: float = 0.0
    crashes: int = 0
    due_at: float | None = None
    """When it is to be started; None while it runs."""


@dataclass(slots=True)
class _Workers:
    """All workers of one parent."""

    settings: Settings
    signals: int
    """Readable when a signal came."""
    life: tuple[int, int]
    """A pipe whose write end only the parent holds: its end tells workers that they are alone."""
    ready: tuple[int, int]
    """A pipe into which every worker writes when it serves."""
    workers: list[_Worker] = field(default_factory=list)
    has_served: bool = False

    def run(self) -> int:
        """Look after the workers until a signal comes."""
        number = self.settings.server.workers
        # the first one tries the settings; what is wrong with them is said once
        self.workers = [_Worker(0, due_at=0.0), *(_Worker(i) for i in range(1, number))]
        while True:
            now = time.monotonic()
            for worker in self.workers:
                if worker.due_at is not None and worker.due_at <= now:
                    self._start(worker)
            events = wait([self.signals, self.ready[0], *self._sentinels()], self._until_due())
            if self.signals in events:
                return self._stop()
            if self.ready[0] in events:
                self._served()
            for worker in self.workers:
                if worker.process is not None and worker.process.sentinel in events:
                    code = self._ended(worker)
                    if code == UNUSABLE and not self.has_served:
                        return code

    def _sentinels(self) -> list[int]:
        return [worker.process.sentinel for worker in self.workers if worker.process is not None]

    def _until_due(self) -> float | None:
        due = [worker.due_at for worker in self.workers if worker.due_at is not None]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _start(self, worker: _Worker) -> None:
        context = multiprocessing.get_context("fork")
        process = context.Process(
            target=_work, args=(self.settings, worker.index, self.life, self.ready[1])
        )
        with _held_back():
            process.start()
        worker.process, worker.started_at, worker.due_at = process, time.monotonic(), None
        log.info("worker started", worker=worker.index, pid=process.pid)

    def _served(self) -> None:
        os.read(self.ready[0], 1024)
        if not self.has_served:
            self.has_served = True
            for worker in self.workers[1:]:
                worker.due_at = 0.0

    def _ended(self, worker: _Worker) -> int:
        process = worker.process
        if process is None:
            raise RuntimeError("a worker that does not run cannot end")
        process.join()
        code = process.exitcode or 0
        process.close()
        worker.process = None
        now = time.monotonic()
        worker.crashes = 1 if now - worker.started_at > STEADY_S else worker.crashes + 1
        worker.due_at = now + pause_s(worker.crashes)
        if code != UNUSABLE or self.has_served:
            again_s = pause_s(worker.crashes)
            log.error("worker ended", worker=worker.index, code=code, again_s=again_s)
        return code

    def _stop(self) -> int:
        """Let the workers finish; a second signal, or too much time, ends them at once."""
        os.read(self.signals, 1024)
        log.info("stopping", workers=len(self._sentinels()))
        running = [worker.process for worker in self.workers if worker.process is not None]
        for process in running:
            process.terminate()
        ends_at = time.monotonic() + self.settings.server.drain_s + CLOSE_S
        alive = running
        while alive:
            left_s = ends_at - time.monotonic()
            events = wait([self.signals, *(each.sentinel for each in alive)], max(0.0, left_s))
            if left_s <= 0 or self.signals in events:
                for process in alive:
                    process.kill()
            alive = [each for each in alive if each.is_alive()]
        # one that had not begun to serve ends by the signal itself
        gentle = {0, -signal.SIGTERM}
        return 0 if all(each.exitcode in gentle for each in running) else 1


def _work(settings: Settings, index: int, life: tuple[int, int], ready: int) -> None:
    """Be a worker. The parent alone hears the terminal; it says when to stop.

    Signals have been held back since before the fork: what the parent does with one would be told
    through its pipe, as if a second one had come.
    """
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
    os.close(life[1])
    structlog.contextvars.bind_contextvars(worker=index)
    try:
        run(
            serve_network(
                settings,
                worker=str(index),
                on_serving=lambda: _tell(ready),
                until=lambda: _until_told(life[0]),
            )
        )
    except ConfigError as error:
        for problem in error.problems:
            click.echo(problem, err=True)
        sys.exit(UNUSABLE)


def _tell(ready: int) -> None:
    os.write(ready, b".")


async def _until_told(life: int) -> None:
    """Wait for SIGTERM, however often it comes, or for the end of the parent."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    loop.add_reader(life, stopped.set)
    try:
        await stopped.wait()
    finally:
        loop.remove_reader(life)


def _hold_port(settings: Settings, stack: ExitStack) -> int:
    """Bind the address without listening, so that it stays ours; gives the port."""
    server = settings.server
    port = server.port
    for family, kind, protocol, _, address in socket.getaddrinfo(
        server.host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    ):
        with _bound(family, kind, protocol, (address[0], port, *address[2:]), shared=False):
            pass  # nobody else has it
        held = _bound(family, kind, protocol, (address[0], port, *address[2:]), shared=True)
        stack.callback(held.close)
        port = held.getsockname()[1]
    return port


def _bound(
    family: int, kind: int, protocol: int, address: tuple[object, ...], *, shared: bool
) -> socket.socket:
    held = socket.socket(family, kind, protocol)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if family == socket.AF_INET6:
        held.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    try:
        held.bind(address)
    except OSError:
        held.close()
        raise
    return held


@contextmanager
def _pipe() -> Iterator[tuple[int, int]]:
    read, write = os.pipe()
    try:
        yield read, write
    finally:
        os.close(read)
        os.close(write)


@contextmanager
def _held_back() -> Iterator[None]:
    """Let SIGTERM and SIGINT wait meanwhile, in a process that is forked here as well."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _signals() -> Iterator[int]:
    """Give a descriptor that is readable when SIGTERM or SIGINT came."""
    with _pipe() as (read, write):
        os.set_blocking(write, False)
        before = {number: signal.signal(number, lambda *_: None) for number in _STOPS}
        signal.set_wakeup_fd(write)
        try:
            yield read
        finally:
            signal.set_wakeup_fd(-1)
            for number, handler in before.items():
                signal.signal(number, handler)
