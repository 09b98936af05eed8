"""Work that blocks, in threads of its own: few at once, bounded in time, and never waited for.

The threads that look up names and read files for everybody are not taken, so that a mail server
that hangs holds up nothing but mail. The end of the process does not wait for one either.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Final

import structlog

from aggregator.watch.alerts.sending import Sent

log = structlog.get_logger(__name__)

AT_ONCE: Final = 2
WITHIN_S: Final = 30.0
"""How long one may take, whatever it waits for."""
PATIENCE_S: Final = 60.0
"""How long one waits for its turn."""
BUSY: Final = "the mail server is slow: other mails are on their way"
LATE: Final = "the mail server did not take it in time"

Tell = Callable[[Sent], None]
"""Takes how it ended; the first word counts."""


class Errand:
    """What its thread holds, so that it can be cut off."""

    def __init__(self) -> None:
        self._held: socket.socket | None = None
        self._is_late = False
        self._lock = threading.Lock()

    def hold(self, held: socket.socket | None) -> None:
        """Say by which connection the thread waits from now on; raises `TimeoutError` if late."""
        with self._lock:
            if self._is_late:
                raise TimeoutError
            self._held = held

    def cut(self) -> None:
        """Let whatever the thread waits for fail."""
        with self._lock:
            self._is_late = True
            if self._held is not None:
                with contextlib.suppress(OSError):
                    # of the plain socket: an encrypted one would go on in clear text
                    socket.socket.shutdown(self._held, socket.SHUT_RDWR)


class Errands:
    """Runs what blocks."""

    def __init__(self, *, within_s: float = WITHIN_S, patience_s: float = PATIENCE_S) -> None:
        self._within_s = within_s
        self._patience_s = patience_s
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._waiting: set[asyncio.Timeout] = set()
        self._hurries = 0

    @contextlib.contextmanager
    def hurried(self) -> Iterator[None]:
        """Let nobody wait for a turn meanwhile: who does already, or who comes."""
        for limit in self._waiting:
            with contextlib.suppress(RuntimeError):  # its patience ends in this very moment
                limit.reschedule(asyncio.get_running_loop().time())
        self._hurries += 1
        try:
            yield
        finally:
            self._hurries -= 1

    async def run(self, work: Callable[[Errand, Tell], None]) -> Sent:
        """Do it in a thread, and give what it told; it may go on after that.

        One that is cancelled after it began goes on, too: it is bounded all the same.
        """
        try:
            async with asyncio.timeout(0 if self._hurries else self._patience_s) as limit:
                self._waiting.add(limit)
                try:
                    await self._slots.acquire()
                finally:
                    self._waiting.discard(limit)
        except TimeoutError:
            return Sent(False, BUSY)
        loop, errand = asyncio.get_running_loop(), Errand()
        told: asyncio.Future[Sent] = loop.create_future()

        def tell(sent: Sent) -> None:
            if not told.done():
                told.set_result(sent)

        def late() -> None:
            errand.cut()
            tell(Sent(False, LATE))

        def over() -> None:
            alarm.cancel()
            self._slots.release()

        def run() -> None:
            try:
                work(errand, lambda sent: _soon(loop, tell, sent))
            except Exception as error:
                _soon(loop, tell, _failed(error))
            finally:
                _soon(loop, over)

        alarm = loop.call_later(self._within_s, late)
        try:
            threading.Thread(target=run, name="send a mail", daemon=True).start()
        except RuntimeError as error:  # there are too many threads
            over()
            return _failed(error)
        return await told


def _failed(error: Exception) -> Sent:
    log.error("a mail failed", exc_info=error)
    return Sent(False, f"it failed here: {type(error).__name__}")


def _soon(loop: asyncio.AbstractEventLoop, call: Callable[..., None], *arguments: Sent) -> None:
    with contextlib.suppress(RuntimeError):  # nobody is there any more
        loop.call_soon_threadsafe(call, *arguments)
