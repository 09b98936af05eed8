"""Sends one message to one target, whatever its kind, and says how that ended."""

from collections.abc import Callable
from datetime import UTC, datetime
from hmac import compare_digest
from typing import Final

from aggregator.watch.alerts.mails import Mails
from aggregator.watch.alerts.sending import Sent
from aggregator.watch.alerts.webhooks import Webhooks
from aggregator.watch.alerts.words import Place, letter
from registry.alert_asking import digest_of, never_token
from registry.alert_book import CONFIRM
from registry.alerts import Delivery, Kind, Target, link_token

Counted = Callable[[str, str], None]
"""Is told the kind of target and the result of every attempt."""

CONFIRM_PATH: Final = "/alerts/confirm"
STOP_PATH: Final = "/alerts/stop"
NEVER_PATH: Final = "/alerts/never"


class Post:
    """Writes messages and hands them to whoever sends this kind."""

    def __init__(
        self,
        webhooks: Webhooks,
        mails: Mails,
        place: Place,
        *,
        secret: str,
        counted: Counted,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.webhooks = webhooks
        self.mails = mails
        self._place = place
        self._secret = secret
        self._counted = counted
        self._now = now

    async def refusal(self, kind: Kind, address: str) -> str | None:
        """Say why nothing can be sent to an address; None if something can."""
        if kind is Kind.EMAIL:
            return self.mails.refusal(address)
        return await self.webhooks.refusal(address)

    async def send(self, delivery: Delivery, target: Target) -> Sent:
        """Send once; never raises but for cancellation."""
        links = self._links(target, is_question=delivery.document["type"] == CONFIRM)
        written = letter(delivery, target, self._place, self._now(), links=links)
        if target.kind is Kind.EMAIL:
            sent = await self.mails.send(target, written, links)
        else:
            sent = await self.webhooks.send(target, written)
        self._counted(target.kind.value, "delivered" if sent.is_taken else "failed")
        return sent

    def opens(self, purpose: str, token: str, target: Target) -> bool:
        """Whether a link leads to what it says of this target."""
        right = link_token(self._secret, purpose, target)
        return compare_digest(right.encode(), token.encode("utf-8", "replace"))

    def never(self, token: str) -> str | None:
        """Give the digest of the address that a link says is never to be asked; None: of none."""
        digest = token.partition(".")[0]
        right = never_token(self._secret, digest)
        return digest if compare_digest(right.encode(), token.encode("utf-8", "replace")) else None

    def _links(self, target: Target, *, is_question: bool) -> dict[str, str]:
        if target.kind is not Kind.EMAIL:
            return {}
        base = self._place.url
        if is_question:
            token = link_token(self._secret, "confirm", target)
            never = never_token(self._secret, digest_of(target.address))
            return {
                "confirm": f"{base}{CONFIRM_PATH}/{token}",
                "never": f"{base}{NEVER_PATH}/{never}",
            }
        return {"stop": f"{base}{STOP_PATH}/{link_token(self._secret, 'stop', target)}"}
