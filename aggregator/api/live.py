"""A question whose members are heard of one by one, for everything that streams."""

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from aggregator.engine.service import NetworkService, QueryOptions
from aggregator.model.merged import NetworkAnswer
from aggregator.model.outcome import MemberOutcome
from aggregator.model.query import Query


class LiveQuestion:
    """Asks in a task of its own; leaving the context ends the question and its calls.

        async with LiveQuestion(service, query, options) as live:
            await live.admitted()  # raises what refuses the question before it is asked
            async for outcome in live.outcomes(): ...
            answer = await live.answer()

    Members that cannot be asked come first, then the others as they end, each once.
    """

    def __init__(self, service: NetworkService, query: Query, options: QueryOptions) -> None:
        self._service = service
        self._query = query
        self._options = options
        self._ended: asyncio.Queue[MemberOutcome | None] = asyncio.Queue()  # one per member at most
        self._decided = asyncio.Event()
        self._is_admitted = False
        self._task: asyncio.Task[NetworkAnswer] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(
            self._service.ask(
                self._query,
                self._options,
                self._ended.put_nowait,
                on_admitted=self._admit,
            ),
            name="answer a stream",
        )
        self._task.add_done_callback(self._finish)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        task = self._asking
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # whoever left early does not want to hear of it

    async def admitted(self) -> None:
        """Wait until the question is being asked; raises what the network refuses it with.

        What goes wrong later is raised by `answer`, however soon it is.
        """
        await self._decided.wait()
        if not self._is_admitted:
            await self._asking

    async def outcomes(self) -> AsyncIterator[MemberOutcome]:
        """Give the members as they end, until all have."""
        while (outcome := await self._ended.get()) is not None:
            yield outcome

    async def answer(self) -> NetworkAnswer:
        """Wait for the merged answer."""
        return await self._asking

    @property
    def _asking(self) -> "asyncio.Task[NetworkAnswer]":
        if self._task is None:
            raise RuntimeError("the question is not being asked")
        return self._task

    def _admit(self) -> None:
        self._is_admitted = True
        self._decided.set()

    def _finish(self, _: "asyncio.Task[NetworkAnswer]") -> None:
        self._decided.set()
        self._ended.put_nowait(None)
