"""The rules of a check about the documents a beacon has about itself.

Only what keeps the network from asking it, or leads other clients astray, has to be changed; what
a document lacks or says oddly is advice, because members are asked without it.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from aggregator.protocol.member_document import document_of, named_items, response_of, text
from aggregator.protocol.surface import ENTRY_TYPES
from aggregator.watch.documents import PATHS
from aggregator.watch.join_recorder import Recorder, Sent
from aggregator.watch.join_report import Verdict
from aggregator.watch.join_rules import Findings
from aggregator.watch.join_rules_forms import lacking_in_document, lacking_in_info
from aggregator.watch.looking import Discovery
from registry.capabilities import Capabilities, Document
from registry.models import Protocol
from registry.snapshot import RegisteredMember

OLD_FIX: Final = (
    "Give the address whose /info (version 2) or / (version 1) describes the beacon. A beacon "
    "older than version 1 cannot describe itself: ask the operator of this network to declare it, "
    "with protocol: v0, where its questions go, what it calls its parameters, which assemblies it "
    "holds and whether its positions count from 0 or from 1 (dialect.coordinates)."
)
_CREDENTIALS_FIX: Final = (
    "Let everybody read the documents that describe the beacon: they hold nothing about anyone."
)
_MISSING_FIX: Final = "Serve it as Beacon version 2 describes, under status 200."
_LACKING_FIX: Final = "Complete it as its specification requires."
_LACKING: Final[Mapping[Document, str]] = {
    Document.SERVICE_INFO: "registries of GA4GH services cannot list it",
    Document.MAP: "it is asked at the standard places",
    Document.CONFIGURATION: "its access and its granularity are shown as not stated",
    Document.ENTRY_TYPES: "what it offers is taken from its other documents",
    Document.FILTERING_TERMS: "any filter is asked, and nobody finds its filters",
}
_NO_SUCH_DOCUMENTS: Final[Mapping[Protocol, str]] = {
    Protocol.V0: "Beacons of its version have no such document",
    Protocol.V1: "Beacons of version 1 have no such document",
    Protocol.CSC: "Networks of this kind have no such document",
    Protocol.BEACON_NETWORK: "Networks of this kind have no such document",
}


def judge_info(
    findings: Findings,
    found: Discovery,
    recorder: Recorder,
    *,
    declared: Protocol = Protocol.AUTO,
) -> None:
    """Judge whether the beacon is recognised, as what was declared, and who it says it is."""
    told = found.capabilities
    sent = _told_by(found, recorder)
    if told is None:
        looks = (f"{urlsplit(one.url).path or '/'}: {one.result}" for one in found.looks)
        seen = "; ".join(dict.fromkeys(looks))
        asked = next((one for one in recorder.sent if one.status is not None), sent)
        wants = any(one.status in {401, 403} for one in recorder.sent)
        fix = _CREDENTIALS_FIX if wants else OLD_FIX
        findings.add("info", Verdict.FAIL, f"Not recognised as a beacon ({seen})", fix, asked)
        return
    kind = told.protocol.value if told.protocol else "of an unknown version"
    version = f" ({told.api_version})" if told.api_version else ""
    name = f", “{told.name}”" if told.name else ""
    network = ", a network" if told.is_network else ""
    who = f"id {told.beacon_id}" if told.beacon_id else "without an id"
    described = f"Beacon {kind}{version}{name}, {who}{network}"
    if declared is not Protocol.AUTO and told.protocol is not declared:
        message = f"{described}: not {declared.value}, as was declared"
        fix = "Leave the version to be found, or give the address of that version's API."
        findings.add("info", Verdict.FAIL, message, fix, sent)
        return
    moved = next((problem for problem in told.problems if "has moved" in problem), None)
    if moved is not None:
        fix = "Give the address that the redirect leads to: questions follow none."
        findings.add("info", Verdict.ADVICE, f"{described}; {moved}", fix, sent)
    elif lacking := lacking_in_info(found.document, told.protocol):
        findings.add("info", Verdict.ADVICE, f"{described}; {lacking}", _LACKING_FIX, sent)
    else:
        findings.passed("info", described, sent)


def judge_documents(findings: Findings, member: RegisteredMember, recorder: Recorder) -> None:
    """Judge the documents beside the description, which version 2 alone has."""
    if member.protocol is not Protocol.V2:
        why = _NO_SUCH_DOCUMENTS.get(member.protocol or Protocol.V0, "It has no such document")
        for name in PATHS:
            findings.skipped(name.value, why)
        return
    _judge_map(findings, member, recorder)
    told = member.capabilities
    summaries = {
        Document.SERVICE_INFO: "It can be read",
        Document.MAP: f"It names {len(told.endpoints or {})} places to ask at",
        Document.CONFIGURATION: f"Access: {', '.join(told.security_levels).lower() or 'not told'}; "
        f"answers with {told.default_granularity or 'what is asked for'}",
        Document.ENTRY_TYPES: f"It offers {_types(told)}",
        Document.FILTERING_TERMS: f"It takes {len(told.filtering_terms or ())} filters",
    }
    for name, summary in summaries.items():
        _judge_document(findings, name, summary, member, recorder)


def judge_data_sets(findings: Findings, member: RegisteredMember, *, was_asked: bool) -> None:
    """Judge whether it lists its data sets, so that questions can name them."""
    listed = member.capabilities.data_sets
    if listed:
        findings.passed("datasets", f"It lists {len(listed)}: {_few(one.id for one in listed)}")
        return
    if member.protocol in {Protocol.CSC, Protocol.BEACON_NETWORK}:
        findings.skipped("datasets", "Networks of this kind list beacons, not data sets")
        return
    if member.protocol is Protocol.V2 and not was_asked:
        findings.skipped("datasets", "Not asked for: no question was understood")
        return
    where = "at /datasets" if member.protocol is Protocol.V2 else "in its description"
    findings.add(
        "datasets",
        Verdict.ADVICE,
        f"There is no complete list of its data sets {where}: questions cannot name them",
        f"List every data set with its id {where}.",
    )


def _judge_document(
    findings: Findings,
    name: Document,
    summary: str,
    member: RegisteredMember,
    recorder: Recorder,
) -> None:
    told, url = member.capabilities, member.entry.url + PATHS[name]
    sent, reply = recorder.to(url), recorder.replies.get(url)
    document = document_of(reply) if reply is not None else ""
    problems = [one for one in told.problems if one.startswith(f"its /{name.value} ")]
    if name in told.missing:
        message = f"{problems[0] if problems else 'It cannot be had'}; {_LACKING[name]}"
        findings.add(name.value, Verdict.ADVICE, message, _MISSING_FIX, sent)
    elif problems:
        findings.add(name.value, Verdict.ADVICE, "; ".join(problems[:3]), _fix(name), sent)
    elif not isinstance(document, str) and (lacking := lacking_in_document(document, name)):
        findings.add(name.value, Verdict.ADVICE, f"{summary}; {lacking}", _LACKING_FIX, sent)
    else:
        findings.passed(name.value, summary, sent)


def _fix(name: Document) -> str:
    if name is Document.MAP:
        return "Write the public https:// address of the beacon into every place of the map."
    return "List everything that is there when limit=0 asks for all."


def _judge_map(findings: Findings, member: RegisteredMember, recorder: Recorder) -> None:
    """Refuse a map that leads from https to plain http: others follow it as it stands."""
    url = member.entry.url + PATHS[Document.MAP]
    reply = recorder.replies.get(url)
    document = document_of(reply) if reply is not None else ""
    if isinstance(document, str) or not member.entry.url.startswith("https:"):
        return
    for place, address in _places(document):
        if address.lower().startswith("http:"):
            findings.add(
                "map",
                Verdict.FAIL,
                f"{place} is a plain http:// address, though the beacon is registered with https",
                "Write https:// addresses into the map: clients ask where it leads.",
                recorder.to(url),
            )
            return


def _places(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give the addresses of a map with their place in it."""
    for name, one in named_items(response_of(document).get("endpointSets")):
        place = f"endpointSets.{text(name) or 'of a list'}"
        for key in ("rootUrl", "singleEntryUrl"):
            if (address := text(one.get(key))) is not None:
                yield f"{place}.{key}"[:200], address
        for inner, below in named_items(one.get("endpoints")):
            if (address := text(below.get("url"))) is not None:
                yield f"{place}.endpoints.{text(inner) or 'of a list'}.url"[:200], address


def _told_by(found: Discovery, recorder: Recorder) -> Sent | None:
    """Give what was sent for the document the beacon was recognised by."""
    for look in found.looks:
        if look.result.startswith("Beacon "):
            return recorder.to(look.url)
    return recorder.sent[0] if recorder.sent else None


def _types(told: Capabilities) -> str:
    names = (ENTRY_TYPES[one].name.lower() for one in told.entry_types or () if one in ENTRY_TYPES)
    return _few(names) or "none that is known here"


def _few(names: Iterator[str], most: int = 8) -> str:
    listed = list(names)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more
