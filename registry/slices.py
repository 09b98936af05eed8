"""Long work in short slices: between them the event loop has time for questions."""

import asyncio
import time
from typing import Final

SLICE_S: Final = 0.004


class Slices:
    """Lets everybody else have a turn whenever a slice's time is over."""

    def __init__(self) -> None:
        self._began = time.perf_counter()

    async def pause(self) -> None:
        """Go on at once, or after everybody else if the slice is over; call it between steps."""
        if time.perf_counter() - self._began >= SLICE_S:
            await asyncio.sleep(0)
            self._began = time.perf_counter()
