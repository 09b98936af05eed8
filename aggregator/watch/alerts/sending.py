"""What senders of messages have in common."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sent:
    """How an attempt to tell somebody ended."""

    is_taken: bool
    text: str
    """One sentence, for the log of deliveries."""
    is_hopeless: bool = False
    """Whether trying again makes no sense."""
    is_unwanted: bool = False
    """Whether the receiver wants nothing more at all."""
    wait_s: float | None = None
    """How long the receiver asks to be left alone, in seconds."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it is sent."""

    id: str
    """The same in every attempt."""
    subject: str
    text: str
    body: bytes
    """As JSON, for webhooks."""
