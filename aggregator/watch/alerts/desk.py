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
from registry.alert_asking import TEST
from registry.alert_book import AlertBook
from registry.alert_deliveries import AlertDeliveries
from registry.alert_wishes import parts_of
from registry.alerts import CONFIRM_WITHIN, OPERATOR, Delivery, Kind, State, Target, Wishes
from registry.incidents import Topic
from registry.problem_words import place_and_words

WISHES: Final = ("topics", "after_minutes", "quiet", "remind_hours")
GONE: Final = "This link opens nothing: it is too old, or not complete."
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
        address = document.get("address", "")
        kind, wrong = await self._checked_address(document.get("kind"), address)
        problems += wrong
        if problems or wishes is None or kind is None:
            raise BadQuery(problems)
        return await self.book.add(owner, kind, str(address).strip(), wishes, by=by)

    async def _checked_address(self, told: Any, address: Any) -> tuple[Kind | None, list[str]]:
        """Read where is told; of no kind that is known, an address with an @ is meant for mail."""
        kind = next((one for one in Kind if one == told), None)
        problems = [] if kind else ["kind: webhook or email"]
        if not isinstance(address, str):
            return kind, [*problems, "address: a text"]
        is_mail = "@" in address and "://" not in address
        meant = kind or (Kind.EMAIL if is_mail else Kind.WEBHOOK)
        if why := await self._post.refusal(meant, address.strip()):
            name = "kind" if meant is Kind.EMAIL and "use a webhook" in why else "address"
            problems.append(f"{name}: {why}")
        return kind, problems

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
        kept = known.wishes.model_dump(mode="json", by_alias=True)
        told = {**(parts_of(known.unread) if known.unread else kept), **document}
        wishes, wrong = checked_wishes(told, known.owner)
        is_on = document.get("on", known.is_on or known.is_off_unread)
        if not isinstance(is_on, bool):
            problems.append("on: true or false")
        elif document.keys() == {"on"}:
            return await self.switch(target_id, owner, is_on=is_on, by=by)
        if problems + wrong or wishes is None:
            raise BadQuery(problems + wrong)
        chosen = wishes

        def alter(one: Target) -> Target:
            reason = "" if one.is_off_unread else one.off_reason
            return replace(one, wishes=chosen, unread="", is_on=bool(is_on), off_reason=reason)

        return await self.book.amend(target_id, owner, alter, by=by)

    async def switch(self, target_id: str, owner: str | None, *, is_on: bool, by: str) -> Target:
        """Switch one on or off; raises `NotFound`."""

        def alter(one: Target) -> Target:
            reason = "" if one.is_off_unread else one.off_reason
            return replace(one, is_on=is_on, off_reason=reason)

        return await self.book.amend(target_id, owner, alter, by=by)

    async def test(self, target_id: str, owner: str | None) -> Sent:
        """Send a test at once; raises `NotFound`, `RateLimited`, and `Conflict` for what waits, is
        off, or is of no member.
        """
        target = await self.book.target(target_id, owner)
        if not target.is_confirmed:
            raise Conflict("This address has not confirmed itself yet: nothing else is sent to it.")
        if not target.is_on:
            raise Conflict("It is switched off. Switch it on, then test it.")
        now = self._now()
        delivery = await self.deliveries.note(
            target, f"{TEST}:{secrets.token_hex(8)}", test_document(now, target)
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
        try:
            target = await self.book.target(token.partition(".")[0][:80])
        except NotFound:
            raise NotFound(GONE) from None
        if not self._post.opens(purpose, token, target):
            raise NotFound(GONE)
        asked = target.asked_at or target.created_at
        if purpose == "confirm" and self._now() - asked > CONFIRM_WITHIN:
            raise NotFound("This link is older than a week. Ask for another one.")
        return target

    async def confirm(self, token: str) -> Target:
        """Take a mail address' word by its link; raises `NotFound`."""
        target = await self.by_link("confirm", token)
        return await self.book.confirm(target.id)

    async def unsubscribe(self, token: str) -> Target:
        """Send a mail address nothing more, by its link; raises `NotFound`.

        Also one that somebody switched off, who may switch it on again.
        """
        target = await self.by_link("stop", token)
        if not target.is_on and not target.is_confirmed:
            return target
        return await self.book.stop(target.id, UNSUBSCRIBED, unconfirmed=True)

    def asked_never(self, token: str) -> str:
        """Find which address a link says is never to be asked; raises `NotFound`."""
        digest = self._post.never(token)
        if digest is None:
            raise NotFound(GONE)
        return digest

    async def never_ask(self, token: str) -> None:
        """Ask a mail address nothing any more, by its link; raises `NotFound`."""
        await self.book.never_ask(self.asked_never(token))


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
    told.setdefault("topics", default_wishes(owner).topics)
    problems = _problems_of_topics(told["topics"], owner)
    if problems:
        del told["topics"]  # the rest is looked at all the same
    try:
        wishes = Wishes.model_validate(told)
    except ValidationError as error:
        return None, problems + list(map(_problem, error.errors()))
    return (None if problems else wishes), problems


def _problems_of_topics(topics: Any, owner: str) -> list[str]:
    known = f"a list of {', '.join(topics_of(owner))}"
    if not isinstance(topics, list | tuple) or not topics:
        return [f"topics: {known}"]
    unknown = [str(one)[:40] for one in topics if one not in topics_of(owner)]
    if not unknown:
        return []
    return [f"topics: {', '.join(unknown)} is none that can be told; {known}"]


def _problem(error: Mapping[str, Any]) -> str:
    (name, *below), words = place_and_words(error)
    return ": ".join(filter(None, (name, ".".join(below), words)))
