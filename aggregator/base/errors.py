"""The errors of our own making; what a member does wrong is a value, never one of these.

BeaconError
├── BadQuery        the question is wrong: every problem at once        400
├── Unauthorized    a key or token is missing or wrong                  401
├── Forbidden       the key is good, and not for this                   403
├── NotFound        no such path                                        404
├── WrongMethod     the path takes another method                       405
├── Conflict        the registry holds something that is in the way     409
├── TooLarge        the body or address is larger than we read          413
├── LoopDetected    the question has been here before                   508
├── RateLimited     the client has asked more than its share            429
├── Overloaded      too many questions at once                          503
├── RegistryUnavailable   the registry cannot be read or written now    503
└── ConfigError     settings or members cannot be used                  (start-up, no status)
"""

from collections.abc import Sequence


class BeaconError(Exception):
    """An error with a message for the public and an HTTP status."""

    status = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BadQuery(BeaconError):
    """A question that cannot be asked; names every problem, so that one correction is enough."""

    status = 400

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = tuple(problems)


class Unauthorized(BeaconError):
    """A key or token is missing, unknown, revoked or expired."""

    status = 401


class Forbidden(BeaconError):
    """The key is good, but not for this."""

    status = 403


class Conflict(BeaconError):
    """What the registry holds is in the way: an id or address that is taken, a state.

    `problems` are the sentences that begin with the field they are about, if any does.
    """

    status = 409

    def __init__(self, message: str, problems: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class NotFound(BeaconError):
    """There is nothing at this path."""

    status = 404


class WrongMethod(BeaconError):
    """The path exists and takes other methods."""

    status = 405

    def __init__(self, message: str, allowed: Sequence[str]) -> None:
        super().__init__(message)
        self.allowed = tuple(allowed)


class TooLarge(BeaconError):
    """A request larger than this network reads."""

    status = 413


class LoopDetected(BeaconError):
    """The question came back to the network that asked it, or passed too many networks."""

    status = 508


class RateLimited(BeaconError):
    """The client has asked more than its share; ask again after `retry_after_s`."""

    status = 429

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Overloaded(BeaconError):
    """More questions at once than this network takes; ask again after `retry_after_s`."""

    status = 503

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class RegistryUnavailable(Overloaded):
    """The registry cannot be read or written now; nothing was changed."""


class ConfigError(BeaconError):
    """Settings or member entries that cannot be used; names every problem."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)
