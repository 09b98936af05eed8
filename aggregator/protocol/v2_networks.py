"""Reads what a v2 member that is a network itself says of the beacons inside it.

Three habits: result sets with a `beaconId` of their own (ELIXIR, EGA); beacons that failed listed
as `exists: false` with `info.error` (the same); `info.network.members` with every beacon and how
it ended (this software, in answers and errors alike).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec

from aggregator.model.answer import Exists, Leaf, LeafEnding, ResultSet
from aggregator.protocol.bodies import text_bytes
from aggregator.protocol.failures import MAX_ERROR_BYTES, error_text, no_verdict
from aggregator.protocol.leaves import MAX_LEAVES, beacons, ending_of, is_silent, named
from aggregator.protocol.tolerant import id_of, info_of, text_of
from aggregator.protocol.wire import Failure, Reply

MAX_LEVELS: Final = 10
"""How deep networks inside networks are followed."""


def leaves_of(
    result_sets: Sequence[ResultSet], info: Any, own_beacon_id: str | None
) -> tuple[Leaf, ...]:
    """Give the beacons inside a member: as it lists them, and those its result sets name."""
    listed = _members(network_of(info))
    known = {leaf.beacon_id for leaf in listed}
    by_beacon: dict[str, list[ResultSet]] = {}
    for one in result_sets:
        if one.beacon_id is not None and one.beacon_id != own_beacon_id:
            by_beacon.setdefault(one.beacon_id, []).append(one)
    named_in_sets = [_leaf(each, sets) for each, sets in by_beacon.items() if each not in known]
    return (*listed, *named_in_sets)[:MAX_LEAVES]


def verdict_of(exists: Exists, result_sets: Sequence[ResultSet]) -> Exists:
    """Read the verdict of a network: ELIXIR's says no where none of its beacons told a count.

    What a beacon inside it says of itself stands.
    """
    if exists is Exists.NO and any(
        one.exists is Exists.YES and one.beacon_id is not None for one in result_sets
    ):
        return Exists.YES
    return exists


def unit_of(info: Any) -> str | None:
    """Give the unit of the total that a network of this software tells."""
    count = network_of(info).get("count")
    return text_of(count.get("unit")) if isinstance(count, Mapping) else None


def is_sum_inexact(info: Any) -> bool:
    """Whether a network of this software says that its total is not the whole number."""
    count = network_of(info).get("count")
    return isinstance(count, Mapping) and count.get("exact") is False


def told_count(count: int | None, info: Mapping[str, Any]) -> int | None:
    """Give the count of a result set; networks of this software say where there is none.

    The schema wants a number there, which is then 1 or 0.
    """
    return None if info.get("countKnown") is False else count


def is_partial(leaves: Sequence[Leaf], info: Any) -> bool:
    """Whether beacons inside a member are missing from its yes.

    What a network of this software says of its own completeness stands.
    """
    complete = network_of(info).get("complete")
    if isinstance(complete, bool):
        return not complete
    return any(is_silent(leaf) for leaf in leaves)


def incomplete_no(leaves: Sequence[Leaf], info: Any) -> Failure | None:
    """Say why a network's no is none: some of its beacons did not answer."""
    silent = [leaf for leaf in leaves if is_silent(leaf)]
    verdict = network_of(info).get("verdict")
    if verdict == "not_found" or (verdict is None and not silent):
        return None
    if not silent:
        failure = no_verdict("it is a network itself, and not all of its beacons answered")
    else:
        failure = no_verdict(
            f"it says no, but {beacons(len(silent))} of this network did not answer: "
            f"{named(silent)}"
        )
    return replace(failure, leaves=tuple(leaves))


def with_leaves(failure: Failure, reply: Reply) -> Failure:
    """Add to a refusal that a network of this software sent what it tells of its beacons."""
    if not failure.is_networks_own or len(reply.body) > MAX_ERROR_BYTES:
        return failure
    body = text_bytes(reply)
    if isinstance(body, Failure):
        return failure
    try:
        document = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return failure
    info = document.get("info") if isinstance(document, Mapping) else None
    return replace(failure, leaves=leaves_of((), info, None))


def network_of(info: Any) -> Mapping[str, Any]:
    """Give `info.network`; empty where the answer has none."""
    network = info_of(info).get("network")
    return network if isinstance(network, Mapping) else {}


def _members(network: Mapping[str, Any]) -> list[Leaf]:
    members = network.get("members")
    return list(_flat(members, MAX_LEVELS)) if isinstance(members, list) else []


def _flat(members: Iterable[Any], levels: int) -> Iterable[Leaf]:
    """Give every beacon; a network that names its own is told by them where it answered."""
    for member in members:
        if not isinstance(member, Mapping):
            continue
        inner = member.get("beacons")
        inside = list(_flat(inner, levels - 1)) if isinstance(inner, list) and levels else []
        leaf = _listed(member)
        if leaf is not None and not (inside and not is_silent(leaf)):
            yield leaf
        yield from inside


def _listed(member: Mapping[str, Any]) -> Leaf | None:
    identifier = id_of(member.get("beaconId")) or id_of(member.get("id"))
    if identifier is None:
        return None
    try:
        ending = LeafEnding(str(member.get("answer")))
    except ValueError:
        ending = LeafEnding.NO_ANSWER
    reason = member.get("reason")
    told = reason if isinstance(reason, Mapping) else {"message": reason}
    return Leaf(
        beacon_id=identifier,
        ending=ending,
        name=text_of(member.get("name")),
        reason=text_of(told.get("message")),
        code=text_of(told.get("code"), 40),
    )


def _leaf(beacon_id: str, sets: Sequence[ResultSet]) -> Leaf:
    """Sum up the result sets of one beacon."""
    said = {one.exists for one in sets}
    failed = next((one for one in sets if "error" in one.info), None)
    if Exists.YES in said:
        return Leaf(beacon_id=beacon_id, ending=LeafEnding.FOUND)
    if failed is not None:
        error = failed.info["error"]
        code = error.get("reason") if isinstance(error, Mapping) else None
        return Leaf(
            beacon_id=beacon_id,
            ending=LeafEnding.NO_ANSWER,
            reason=error_text({"error": error}) or "no reason given",
            code=text_of(code, 40),
        )
    exists = Exists.UNKNOWN if Exists.UNKNOWN in said else Exists.NO
    return Leaf(beacon_id=beacon_id, ending=ending_of(exists))
