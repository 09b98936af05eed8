"""A process that sends alerts; made to be killed.

    python -m tests.alert_process URL MEMBER

It sends what is due, one message after the other, and tells each round on its output.
"""

import asyncio
import sys
from datetime import UTC, datetime

from tests.alert_kit import Now, office


async def main(url: str, owner: str) -> None:
    """Send until somebody ends it."""
    async with office(url, now=Now(datetime.now(UTC))) as running:
        running.owners.add(owner)
        while True:
            running.now.now = datetime.now(UTC)
            print("round", flush=True)
            await running.dispatcher.round()
            await asyncio.sleep(0.01)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
