"""A question to try a member with: as it would be sent to it, and as this network explains it."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from aggregator.model.genome import Assembly
from aggregator.protocol.curl import curl
from aggregator.protocol.requests import read_v2
from aggregator.protocol.translators import translator_for
from aggregator.protocol.wire import Ask
from registry.snapshot import RegisteredMember

_POSITIONS: Final = {"GRCh38": "140753335", "GRCh37": "140453135"}
"""Where BRAF V600E is, counted from 0."""


@dataclass(frozen=True, slots=True)
class Example:
    """How a member is asked about one allele."""

    command: str
    """The request as a command to paste; empty where it is not asked such questions."""
    explained: str
    """Where this network says what it would send."""


def example_for(member: RegisteredMember) -> Example:
    """Make a question a member can be asked, in an assembly it holds."""
    assembly = _assembly_of(member)
    parameters = {
        "assemblyId": assembly,
        "referenceName": "7",
        "start": _POSITIONS[assembly],
        "referenceBases": "A",
        "alternateBases": "T",
    }
    told = urlencode({**parameters, "ask": member.id})
    explained = f"/network/explain/g_variants?{told}"
    if member.inside:  # what each of them is sent is not told
        return Example("", explained)
    decision = translator_for(member.protocol).plan(read_v2(parameters).query, member)
    command = ""
    if isinstance(decision, Ask):
        needs_token = member.entry.token != "none"  # noqa: S105 - a policy name
        command = curl(decision.parts[0].request, has_token=needs_token)
    return Example(command, explained)


def _assembly_of(member: RegisteredMember) -> str:
    held = member.assemblies
    if held and Assembly.GRCH38 not in held and Assembly.GRCH37 in held:
        return "GRCh37"
    return "GRCh38"
