"""Time that passes when a test says so, and not when the machine is slow.

    asking = asyncio.create_task(net.ask(question | {"wait": "30"}))
    await until(member, lambda seen: bool(seen.requests))
    skip(30)  # all that waits for these 30 s has waited

Give it more than the machine could lose in between, and nothing ends but what is to end.
"""

import asyncio


def skip(seconds: float) -> None:
    """Let so many seconds pass at once for every timer of the running loop."""
    loop = asyncio.get_running_loop()
    time = loop.time
    loop.time = lambda: time() + seconds  # type: ignore[method-assign]
