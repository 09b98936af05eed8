"""What the engine logs is kept, not rendered: tracebacks for people take seconds to write."""

from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs


@pytest.fixture(autouse=True)
def logged() -> Iterator[list]:
    with capture_logs() as entries:
        yield entries
