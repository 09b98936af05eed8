"""Counts the work that the event loop does in one go, whatever the machine's speed."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_STEP = asyncio.Handle._run.__code__


@contextmanager
def pieces_of_work() -> Iterator[list[int]]:
    """Give how many functions of Python each step of the loop calls while others wait."""
    pieces = [0]

    def count(frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            if frame.f_code is _STEP:
                pieces.append(0)
            pieces[-1] += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield pieces
    finally:
        sys.setprofile(before)
