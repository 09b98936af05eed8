"""Where alerts are set up: checks what is wanted, keeps it, and sends tests at once."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import ValidationError

from aggregator.base.errors import BadQuery, Conflict, NotFound
from aggregator.watch.alerts.post import Post
from aggregator.watch.alerts.sending import Sent
from aggregator.watch.alerts.words import test_document
from registry.alert_book import AlertBook
from registry.alert_deliveries import AlertDeliveries
from registry.alerts import CONFIRM_WITHIN, OPERATOR, Delivery, Kind, State, Target, Wishes
from registry.incidents import Topic

WISHES: Final = ("topics", "after_minutes", "quiet", "remind_hours")
UNSUBSCRIBED: Final = "unsubscribed by the link of a mail"


class AlertDesk:
    """What pages and programs do with alerts; `owner` None is whoever may see everything."""

    def __init__(
        self,
        book: AlertBook,
        deliveries: AlertDeliveries,
        post: Post,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.book = book
        self.deliveries = deliveries
        self._post = post
        self._now = now

    async def add(self, owner: str, document: Mapping[str, Any], *, by: str) -> Target:
        """Set up who is told; raises `BadQuery` with everything that is wrong, or `Conflict`."""
        problems = [
            f"{name}: unknown key; {', '.join(('kind', 'address', *WISHES))} can be given"
            for name in sorted(document.keys() - {"kind", "address", *WISHES})
        ]
        wishes, wrong = checked_wishes(document, owner)
        problems += wrong
        kind, address = document.get("kind"), document.get("address", "")
        if kind not in {*Kind}:
            problems.append("kind: webhook or email")
        elif not isinstance(address, str):
            problems.append("address: a text")
        elif why := await self._post.refusal(Kind(str(kind)), address.strip()):
            name = "kind" if kind == Kind.EMAIL and "use a webhook" in why else "address"
            problems.append(f"{name}: {why}")
        if problems or wishes is None:
            raise BadQuery(problems)
        return await self.book.add(owner, Kind(str(kind)), str(address).strip(), wishes, by=by)

    async def change(
        self, target_id: str, owner: str | None, document: Mapping[str, Any], *, by: str
    ) -> Target:
        """Change what somebody is told; raises `BadQuery`, `NotFound`."""
        known = await self.book.target(target_id, owner)
        problems = [
            f"{name}: it cannot be changed; remove this one and add another"
            if name in {"kind", "address"}
            else f"{name}: unknown key; {', '.join((*WISHES, 'on'))} can be given"
            for name in sorted(document.keys() - {*WISHES, "on"})
        ]
        told = {**known.wishes.model_dump(mode="json", by_alias=True), **document}
        wishes, wrong = checked_wishes(told, known.owner)
        is_on = document.get("on", known.is_on)
        if not isinstance(is_on, bool):
            problems.append("on: true or false")
        if problems + wrong or wishes is None:
            raise BadQuery(problems + wrong)
        chosen = wishes

        def alter(one: Target) -> Target:
            return replace(one, wishes=chosen, is_on=bool(is_on))

        return await self.book.amend(target_id, owner, alter, by=by)

    async def switch(self, target_id: str, owner: str | None, *, is_on: bool, by: str) -> Target:
        """Switch one on or off; raises `NotFound`."""
        return await self.book.amend(target_id, owner, lambda one: replace(one, is_on=is_on), by=by)

    async def test(self, target_id: str, owner: str | None) -> Sent:
        """Send a test at once; raises `NotFound`, and `Conflict` for what waits or is off."""
        target = await self.book.target(target_id, owner)
        if not target.is_confirmed:
            raise Conflict("This address has not confirmed itself yet: nothing else is sent to it.")
        if not target.is_on:
            raise Conflict("It is switched off. Switch it on, then test it.")
        now = self._now()
        delivery = await self.deliveries.note(
            target, f"test:{secrets.token_hex(8)}", test_document(now, target)
        )
        sent = await self._post.send(delivery, target)
        state = State.SENT if sent.is_taken else State.FAILED
        await self.deliveries.tested(delivery, state, sent.text)
        return sent

    async def log(self, target_id: str, owner: str | None) -> tuple[Delivery, ...]:
        """Give the last messages of a target, the newest first; raises `NotFound`."""
        await self.book.target(target_id, owner)
        return await self.deliveries.log(target_id)

    async def by_link(self, purpose: str, token: str) -> Target:
        """Find whom a link of a mail is about; raises `NotFound` for one that opens nothing."""
        gone = "This link opens nothing: it is too old, or not complete."
        try:
            target = await self.book.target(token.partition(".")[0][:80])
        except NotFound:
            raise NotFound(gone) from None
        if not self._post.opens(purpose, token, target):
            raise NotFound(gone)
        asked = target.asked_at or target.created_at
        if purpose == "confirm" and self._now() - asked > CONFIRM_WITHIN:
            raise NotFound("This link is older than a week. Ask for another one.")
        return target

    async def confirm(self, token: str) -> Target:
        """Take a mail address' word by its link; raises `NotFound`."""
        target = await self.by_link("confirm", token)
        return await self.book.confirm(target.id)

    async def unsubscribe(self, token: str) -> Target:
        """Send a mail address nothing more, by its link; raises `NotFound`."""
        target = await self.by_link("stop", token)
        if not target.is_on:
            return target
        return await self.book.stop(target.id, UNSUBSCRIBED, unconfirmed=True)


def topics_of(owner: str) -> tuple[Topic, ...]:
    """Give what an owner can be told of."""
    return tuple(one for one in Topic if owner == OPERATOR or one is not Topic.NETWORK)


def default_wishes(owner: str) -> Wishes:
    """Give what an owner is told who says nothing else."""
    if owner != OPERATOR:
        return Wishes()
    return Wishes(topics=(*Wishes().topics, Topic.NETWORK))


def checked_wishes(document: Mapping[str, Any], owner: str) -> tuple[Wishes | None, list[str]]:
    """Read what somebody wants to be told; what is wrong with it is the second part."""
    told = {name: document[name] for name in WISHES if name in document}
    known = ", ".join(topics_of(owner))
    told.setdefault("topics", default_wishes(owner).topics)
    topics = told.get("topics")
    if topics is not None:
        problem = f"topics: a list of {known}"
        if not isinstance(topics, list | tuple) or not topics:
            return None, [problem]
        unknown = [str(one)[:40] for one in topics if one not in topics_of(owner)]
        if unknown:
            return None, [f"topics: {', '.join(unknown)} is none that can be told; {problem[8:]}"]
    try:
        return Wishes.model_validate(told), []
    except ValidationError as error:
        return None, [_problem(one["loc"], one["msg"]) for one in error.errors()]


def _problem(place: tuple[int | str, ...], message: str) -> str:
    name = str(place[0]) if place else "alerts"
    below = ".".join(str(one) for one in place[1:])
    told = message.removeprefix("Value error, ")
    return f"{name}: {below}: {told}" if below else f"{name}: {told}"
