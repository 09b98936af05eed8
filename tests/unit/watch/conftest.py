"""What the background services log is kept, not rendered, so that it can be looked at."""

from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs


@pytest.fixture(autouse=True)
def logged() -> Iterator[list]:
    with capture_logs() as entries:
        yield entries
