"""Looks at beacons that are no members, on behalf of whoever asks: few at once, none for long."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from pydantic import ValidationError

from aggregator.base.errors import BadQuery, Overloaded
from aggregator.model.outcome import NoAnswerCode
from aggregator.protocol.wire import Failure
from aggregator.upstream.call_results import Followed
from aggregator.watch.discovery import discover
from aggregator.watch.looking import Discovery, Getter, Look
from registry.models import MemberEntry, describe_problems
from registry.snapshot import RegisteredMember

MAX_LOOKS: Final = 4
IDS: Final = tuple(f"~stranger-{number}" for number in range(1, MAX_LOOKS + 1))
"""Stand for whom is looked at in logs, metrics and limits; no member can have such an id."""
LOOK_S: Final = 30.0
NOT_PUBLIC: Final = "leads to no address on the public internet, so this network does not call it"
"""What strangers are told of every address that cannot be called, whatever the reason.

The same for private addresses, for names that lead to one, and for names that lead nowhere: whoever
asks about names of our inside is not to learn which of them there are.
"""


def plainly(failure: Failure) -> Failure:
    """Give the failure as strangers are told it: of addresses, always the same."""
    if failure.code in {NoAnswerCode.ADDRESS, NoAnswerCode.DNS}:
        return Failure(NoAnswerCode.ADDRESS, NOT_PUBLIC)
    return failure


class Strangers:
    """Asks beacons for the documents they have about themselves; keeps nothing."""

    def __init__(
        self,
        getter: Getter,
        *,
        network_id: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        look_s: float = LOOK_S,
    ) -> None:
        self._getter = getter
        self._via = f"1.1 {network_id}"
        self._now = now
        self._look_s = look_s
        self._free = list(IDS)

    async def look(self, url: str) -> Discovery:
        """Look at a beacon; raises `BadQuery` for no address and `Overloaded` beyond `MAX_LOOKS`.

        A beacon that takes longer than a look may is one that gave nothing.
        """
        entry = _entry(url)
        with self._place() as stranger:
            member = RegisteredMember(entry.model_copy(update={"id": stranger}))
            try:
                async with asyncio.timeout(self._look_s):
                    return await discover(member, self, via=self._via, now=self._now())
            except TimeoutError:
                late = f"its documents did not come within {self._look_s:g} s"
                return Discovery(None, (Look(entry.url, late, self._look_s),))

    async def get_following(
        self,
        member: RegisteredMember,
        url: str,
        *,
        timeout_s: float,
        max_body_bytes: int,
        authorization: str | None = None,
        via: str = "",
    ) -> Followed:
        """Get a document as discovery does, with failures as strangers are told them."""
        followed = await self._getter.get_following(
            member,
            url,
            timeout_s=timeout_s,
            max_body_bytes=max_body_bytes,
            authorization=authorization,
            via=via,
        )
        failure = followed.result.failure
        if failure is None:
            return followed
        return replace(followed, result=replace(followed.result, failure=plainly(failure)))

    @contextmanager
    def _place(self) -> Iterator[str]:
        if not self._free:
            raise Overloaded(
                f"{MAX_LOOKS} beacons are being looked at already. Ask again in a moment.",
                retry_after_s=5,
            )
        stranger = self._free.pop()
        try:
            yield stranger
        finally:
            self._free.append(stranger)


def _entry(url: str) -> MemberEntry:
    try:
        return MemberEntry(id="stranger", url=url)
    except ValidationError as error:
        raise BadQuery(describe_problems("endpoint", error.errors())) from None
