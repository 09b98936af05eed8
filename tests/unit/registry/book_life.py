"""A book whose members are checked every minute, as a row of letters says."""

from datetime import UTC, datetime, timedelta

from registry.health import Check, Phase, Result, Rules
from registry.health_book import HealthBook

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LETTERS = {"U": Result.UP, "D": Result.DOWN, "?": Result.UNKNOWN, "P": Result.PAUSED}
PLACE = "https://a.example.org/api beacon-v2"


class Life:
    """One book, whose members are checked every minute."""

    def __init__(self):
        self.at = NOON
        self.book = HealthBook(Rules(), now=lambda: self.at, writer="w")
        self.events, self.incidents, self.buckets = [], {}, []

    def live(self, row, *, place=PLACE, member_id="a", ms=100.0):
        for letter in row:
            self.at += timedelta(minutes=1)
            result = LETTERS[letter]
            is_down = result is Result.DOWN
            self.book.checked(
                member_id,
                place,
                Check(
                    self.at,
                    result,
                    phase=Phase.TLS if is_down else None,
                    elapsed_ms=ms if result is Result.UP else None,
                    message="the certificate is  expired." if is_down else "",
                    request="curl https://a.example.org/api/info" if is_down else "",
                    request_id="r-1",
                ),
            )
        return self

    def ask(self, ended, *, member_id="a"):
        for letter in ended:
            self.book.asked(
                member_id,
                at=self.at,
                is_answered=letter == "A",
                timed_out=letter == "T",
                elapsed_ms=250.0,
            )
        return self

    def written(self):
        """What has been written, with what is now."""
        while batch := self.book.drain():
            self.events += batch.events
            self.buckets += batch.buckets
            for one in batch.incidents:
                self.incidents[one.member_id, one.topic, one.began] = one
        return self

    def told(self):
        return [(one.topic.value, one.what, one.text) for one in self.written().events]

    def is_open(self, topic):
        return self.book.open_incident("a", topic) is not None
