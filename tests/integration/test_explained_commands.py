"""The commands of an explanation, pasted into a shell, do what the network does."""

import asyncio
import json
import os
import shutil
from typing import Any

import pytest

from tests.networks import BRAF, PATIENT_S, DemoRunning

pytestmark = pytest.mark.skipif(
    shutil.which("curl") is None and not os.environ.get("CI"), reason="curl is not installed"
)

Json = Any

QUESTIONS: dict[str, tuple[str, dict[str, str]]] = {
    "an allele": ("g_variants", BRAF | {"requestedGranularity": "count"}),
    "records of a gene": ("g_variants", {"geneId": "BRAF", "requestedGranularity": "record"}),
    "a deletion": (
        "g_variants",
        BRAF | {"start": "117559590", "referenceBases": "TCT", "alternateBases": ""},
    ),
    "people": ("individuals", {"requestedGranularity": "record", "limit": "2"}),
    "people by a filter": ("individuals", {"filters": "NCIT:C16576"}),
    "one record whose id needs quoting": ("individuals/it's%20%22one%22%20$HOME", {}),
    "what lies below a record": ("individuals/nobody/biosamples", {}),
    "data sets": ("datasets", {"requestedGranularity": "record"}),
}


async def pasted(command: str) -> bytes:
    """Run a command as a shell would."""
    environment = {**os.environ, "no_proxy": "*"}
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", command, stdout=asyncio.subprocess.PIPE, env=environment
    )
    out, _ = await asyncio.wait_for(process.communicate(), PATIENT_S)
    assert process.returncode == 0, command
    return out


def verdict(document: Json) -> bool | None:
    """Read a yes or no where the demo's beacons have it; None for an error."""
    for part in (document, document.get("responseSummary"), document.get("response")):
        for key in ("exists", "exist"):
            if isinstance(part, dict) and isinstance(part.get(key), bool):
                return bool(part[key])
    return None


@pytest.mark.parametrize("name", QUESTIONS)
async def test_a_pasted_command_gives_what_the_network_saw(net: DemoRunning, name: str) -> None:
    path, question = QUESTIONS[name]
    reply = await net.ask(question, path=f"/network/explain/{path}")
    assert reply.status == 200, reply.text
    assert net.is_untouched
    answer = await net.ask(question, path=f"/api/{path}")
    ended = {one: told["answer"] for one, told in answer.members.items()}
    ran = 0
    for told in reply.json["members"]:
        sent = net.asked(told["id"])
        assert len(sent) == len(told["requests"])
        said = []
        for request in told["requests"]:
            out = await pasted(request["curl"])
            said.append(verdict(json.loads(out)))
            ran += 1
        again = net.asked(told["id"])[len(sent) :]
        assert [(o.method, o.path, o.query, o.json) for o in again] == [
            (o.method, o.path, o.query, o.json) for o in sent
        ]
        if told["requests"]:
            assert (True in said) is (ended[told["id"]] == "found")
    assert ran
