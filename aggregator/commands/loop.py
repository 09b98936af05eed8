"""Runs coroutines from the command line on the fastest loop there is."""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")


def run(main: Coroutine[object, object, T]) -> T:
    """Run to the end, on uvloop if it is installed."""
    try:
        import uvloop  # noqa: PLC0415 - an extra that may not be there
    except ImportError:
        return asyncio.run(main)
    return uvloop.run(main)
