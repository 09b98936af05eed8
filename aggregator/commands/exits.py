"""Exit codes of the command line."""

from aggregator.model.merged import Verdict

FOUND = 0
USAGE = 2
UNKNOWN = 3
UNUSABLE = 4
"""Settings, members or a connection that cannot be used."""
NOT_FOUND = 10
INTERRUPTED = 130
PIPE_CLOSED = 141
"""The reader of a pipe left: what a shell says of a program that SIGPIPE ended."""

BY_VERDICT = {
    Verdict.FOUND: FOUND,
    Verdict.NOT_FOUND: NOT_FOUND,
    Verdict.UNKNOWN: UNKNOWN,
}
