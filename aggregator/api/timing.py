"""`Server-Timing`: how long each member took, for the browser's and everybody's tools."""

from aggregator.model.merged import NetworkAnswer
from aggregator.model.outcome import Ending

MAX_MEMBERS = 50
"""Members named at most: the slowest."""


def server_timing(answer: NetworkAnswer) -> str:
    """Write the header: the total, and every member that was asked with how it ended."""
    asked = [outcome for outcome in answer.outcomes if outcome.ending is not Ending.NOT_ASKED]
    if len(asked) > MAX_MEMBERS:
        slowest = sorted(asked, key=lambda outcome: -outcome.elapsed_s)[:MAX_MEMBERS]
        named = {outcome.member.id for outcome in slowest}
        asked = [outcome for outcome in asked if outcome.member.id in named]
    entries = [f"total;dur={answer.elapsed_s * 1000:.1f}"]
    entries += [
        f'{outcome.member.id};dur={outcome.elapsed_s * 1000:.1f};desc="{outcome.ending.value}"'
        for outcome in asked
    ]
    return ", ".join(entries)
