"""Every command of docs/joining.md does what stands beside it, against a network of ours."""

import asyncio
import json
import os
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from demo import DemoNetwork
from tests.join_visits import address
from tests.networks import Running, network_of

pytestmark = pytest.mark.skipif(
    shutil.which("curl") is None and not os.environ.get("CI"), reason="curl is not installed"
)

PAGE = Path(__file__).resolve().parents[2] / "docs" / "joining.md"


def commands(heading: str) -> list[str]:
    """The curl commands below a heading."""
    text = PAGE.read_text(encoding="utf-8")
    (part,) = re.findall(rf"^## {heading}$\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    blocks = "\n".join(re.findall(r"^```sh\n(.*?)^```$", part, re.M | re.S))
    return re.findall(r"^curl .*?(?=^curl |^\w+=|^read |\Z)", blocks, re.M | re.S)


@pytest.fixture
async def demo(nothing_left: None) -> AsyncIterator[DemoNetwork]:
    async with DemoNetwork() as running:
        yield running


async def run(net: Running, demo: DemoNetwork, command: str, **variables: str) -> Any:
    """Run a command as it stands, at our addresses; gives what it printed."""
    command = command.replace("https://beacon.example.org/api", address(demo))
    command = command.replace("/ID", "/org-example-demo-records")
    command = command.replace("curl ", "curl -sS --fail-with-body ", 1)
    process = await asyncio.create_subprocess_exec(
        *("bash", "-euc", command),
        env={"PATH": "/usr/bin:/bin", "NETWORK": net.url, "no_proxy": "*", **variables},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await process.communicate()
    assert process.returncode == 0, f"{command}\n{out.decode()}\n{errors.decode()}"
    return json.loads(out)


async def test_every_command_works(demo: DemoNetwork) -> None:
    async with network_of(registry={"joining": "open"}, security={"join_rate_limit": 0}) as net:
        checked, joined = [await run(net, demo, one) for one in commands("With curl")]
        key = joined["serviceKey"]
        said = []
        for command in commands("Your entry"):
            said.append(await run(net, demo, command, KEY=key))
            key = said[-1].get("serviceKey", key)

    assert checked["mayJoin"] is True
    assert joined["state"] == "active"
    looked, changed, paused, resumed, rotated, left = said
    assert looked["state"] == "active"
    assert changed["entry"]["name"] == "Our Beacon"
    assert changed["contact"] == "new@beacon.example.org"
    assert paused["paused"]["note"] == "moving servers"
    assert resumed["paused"] is None
    assert rotated["serviceKey"] != joined["serviceKey"]
    assert left["state"] == "removed"
