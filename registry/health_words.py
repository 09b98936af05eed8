"""The sentences that feeds and alerts tell, without the member's name. Pure."""

from datetime import datetime, timedelta
from typing import Final

from registry.health import Check, Phase, QuestionFacts, Result, Standing, Trait, median

_MOST: Final = 300
_NO_ANSWER: Final = {Phase.DNS, Phase.CONNECT, Phase.TLS, Phase.SLOW, None}
"""Where nothing came that could be called an answer."""


def went_down(cause: Check | None, began: datetime, known_at: datetime) -> str:
    """Tell of an outage."""
    phase, message = (None, "") if cause is None else (cause.phase, short(cause.message))
    how = "has not answered" if phase in _NO_ANSWER else "has not answered as it should"
    said = f"{how} since {moment(began, known_at)}"
    return f"{said}: {message}" if message else said


def came_up(began: datetime, ended: datetime) -> str:
    """Tell of the end of an outage."""
    return f"answers again after {lasting(ended - began)}"


def trait_began(trait: Trait, standing: Standing, facts: QuestionFacts | None = None) -> str:
    """Tell that a member is called something from now on."""
    if trait is Trait.SLOW:
        times = [ms for result, ms in standing.recent if result is Result.UP and ms is not None]
        middle = median(times[-10:]) or 0.0
        return f"is slow: half of its last answers took {middle / 1000:.1f} s or longer"
    if trait is Trait.FLAPPING:
        return (
            "keeps changing between answering and not: see how its last "
            f"{len(standing.recent)} checks ended"
        )
    if trait is Trait.SILENT and facts is not None:
        asked = facts.answered + facts.failed
        return (
            f"answers checks but leaves questions unanswered: {facts.timed_out} of {asked} in the "
            "last hour had no answer in time"
        )
    return _BEGAN[trait]


def trait_ended(trait: Trait) -> str:
    """Tell that a member is not called so any more."""
    return _ENDED[trait]


_BEGAN: Final = {
    Trait.SLOW: "is slow",
    Trait.FLAPPING: "keeps changing between answering and not",
    Trait.SILENT: "answers checks but leaves questions unanswered",
    Trait.UNTRUSTED: "fails a control: a question whose answer is known",
}
_ENDED: Final = {
    Trait.SLOW: "is not slow any more",
    Trait.FLAPPING: "has stopped changing between answering and not",
    Trait.SILENT: "answers questions in time again",
    Trait.UNTRUSTED: "passes its controls again",
}


def cut_off(began: datetime) -> str:
    """Tell that this network, or the places it compares with, cannot be reached."""
    return (
        f"The connection of this network is cut since {moment(began, began)}: a check that fails "
        "meanwhile says nothing of its beacon"
    )


def connected(began: datetime, ended: datetime) -> str:
    """Tell that it can again."""
    return f"This network is connected again after {lasting(ended - began)}"


def moment(at: datetime, now: datetime) -> str:
    """Say a moment, with its day unless that is today."""
    return f"{at:%H:%M} UTC" if at.date() == now.date() else f"{at.day} {at:%B %Y %H:%M} UTC"


def lasting(length: timedelta) -> str:
    """Say how long something took, in its two largest units."""
    left = max(0, round(length.total_seconds()))
    parts = []
    for seconds, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        number, left = divmod(left, seconds)
        parts.append((number, unit))
    first = next((at for at, (number, _) in enumerate(parts) if number), len(parts) - 1)
    shown = parts[first : first + 2] if first < 2 else parts[first : first + 1]
    return " ".join(f"{number} {unit}" for number, unit in shown if number) or "0 s"


def short(message: str) -> str:
    """Give a message as the end of a sentence."""
    words = " ".join(message.split()).rstrip(".")
    return words if len(words) <= _MOST else words[: _MOST - 1].rstrip() + "…"
