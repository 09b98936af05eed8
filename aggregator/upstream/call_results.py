"""How calls to members go and end."""

from dataclasses import dataclass

from aggregator.protocol.wire import Failure, Reply


@dataclass(frozen=True, slots=True)
class CallResult:
    """How a call ended: with a reply of any status but 3xx, or with a failure; never both."""

    reply: Reply | None
    failure: Failure | None
    elapsed_s: float
    """Waiting for a slot and all attempts included."""
    attempts: int
    """Requests sent, or begun to be sent; 0 where there was no slot in time."""
    waited_s: float = 0.0
    """For the last slot."""
    retried_for: str = ""
    """What the first attempt failed of, where there was a second: the word of a reason."""


@dataclass(frozen=True, slots=True)
class Followed:
    """How a call that may follow redirects ended, and the address it ended at."""

    result: CallResult
    url: str


@dataclass(slots=True)
class CallProgress:
    """How far a running call has come, for those who stop waiting for it."""

    has_slot: bool = False
    """Whether a request was begun at all, or the call still waits in line."""
    waited_s: float = 0.0
    """The longest that a part of it waited for a slot."""
