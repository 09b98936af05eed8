"""A network of two processes that is told to stop while its second one is hardly forked.

    python -m tests.stopped_workers DATABASE

Its exit code is that of the command.
"""

import os
import signal
import sys
import time
from typing import Any

from aggregator.commands import workers
from tests.networks import PATIENT_S, settings_of

begin = workers._work


def begin_late(settings: Any, index: int, *pipes: Any) -> None:
    """Begin; the second process not before it was told to stop."""
    if index == 1:
        os.kill(os.getppid(), signal.SIGINT)
        until = time.monotonic() + PATIENT_S
        while signal.SIGTERM not in signal.sigpending() and time.monotonic() < until:
            time.sleep(0.001)
    begin(settings, index, *pipes)


if __name__ == "__main__":
    workers._work = begin_late
    settings = settings_of(server={"port": 0, "workers": 2}, registry={"url": sys.argv[1]})
    sys.exit(workers.supervise(settings))
