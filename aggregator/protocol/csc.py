"""Speaks to aggregators of CSC's beacon-network: version 1 questions, a list of answers.

Software: https://github.com/CSCfi/beacon-network (aggregator). `GET /query` with v1's parameters
is passed on to every beacon it knows, and the raw answers come back as one JSON array, in no
order: v1 answers, `{service, queryParams, responseStatus, exists: null}` where a beacon answered
another status than 200, and `null` where it did not answer at all. It offers no POST.

Known deviations, each with a test: of repeated parameters the last is kept and `datasetIds` are
split at commas; values of digits only become numbers, which breaks `datasetIds` and `mateName`;
lists of aggregators behind it may be nested.
"""

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from aggregator.model.answer import Answer, Exists, Leaf, LeafEnding, ResultSet
from aggregator.model.outcome import NoAnswerCode, NotAskedCode
from aggregator.model.query import Query
from aggregator.protocol import v1
from aggregator.protocol.bodies import invalid_body, json_value
from aggregator.protocol.data_sets import only_asked
from aggregator.protocol.failures import failure_of, rejected, stated_error
from aggregator.protocol.leaves import Heard, ending_of, join
from aggregator.protocol.planning import address, get
from aggregator.protocol.tolerant import count_of, exists_of, id_of
from aggregator.protocol.v1_reading import answer_of
from aggregator.protocol.wire import Ask, Failure, NotAsked, Part, Reply, Request
from registry.snapshot import RegisteredMember

MAX_ELEMENTS: Final = 5_000
"""The most elements of an answer, nested lists counted as one each."""

_EVERYTHING: Final = {"includeDatasetResponses": "ALL"}
_CODES: Final[Mapping[int, NoAnswerCode]] = {
    401: NoAnswerCode.FORBIDDEN,
    403: NoAnswerCode.FORBIDDEN,
    429: NoAnswerCode.RATE_LIMITED,
}


def plan(query: Query, member: RegisteredMember) -> Ask | NotAsked:
    """Put the question in v1's words, as one GET."""
    return v1.plan_with(query, member, _request)


def read(reply: Reply, query: Query, member: RegisteredMember, part: Part) -> Answer | Failure:
    """Read every beacon's answer, and what they add up to."""
    if (failure := failure_of(reply)) is not None:
        return failure
    value = json_value(reply)
    if isinstance(value, Failure):
        return value
    if isinstance(value, Mapping) and (error := stated_error(value)) is not None:
        return rejected(error)
    if not isinstance(value, list):
        return invalid_body("the answer is JSON, but no list of answers")
    nameless = (f"beacon-{number}" for number in count(1))
    listed = _flat(value)
    if isinstance(listed, Failure):
        return listed
    return join([_heard(one, nameless, query, member) for one in listed])


def _request(
    parameters: Mapping[str, Any], data_sets: tuple[str, ...], member: RegisteredMember
) -> Request | NotAsked:
    if str(parameters.get("mateName", "")).isdecimal():
        return NotAsked(
            NotAskedCode.PARAMETER,
            "turns a mateName of digits into a number, which the beacons behind it refuse",
        )
    if any("," in name for name in data_sets):
        return NotAsked(NotAskedCode.DATASET, "splits the names of data sets at commas")
    joined = ",".join(data_sets)
    if joined.isdecimal():
        return NotAsked(NotAskedCode.DATASET, "fails on names of data sets that are all digits")
    rename, drop = member.dialect.rename, member.dialect.drop
    told = {**parameters, **{k: v for k, v in _EVERYTHING.items() if k not in drop}}
    if joined:
        told["datasetIds"] = joined
    return get(
        address(member, ("query",), "query"),
        [(rename.get(name, name), value) for name, value in told.items()],
    )


def _flat(value: list[Any]) -> list[Any] | Failure:
    """Give the answers in nested lists one by one; empty lists count as well, for the work."""
    found: list[Any] = []
    open_lists = [iter(value)]
    seen = 0
    while open_lists:
        for one in open_lists[-1]:
            seen += 1
            if seen > MAX_ELEMENTS:
                return invalid_body(f"it lists more than {MAX_ELEMENTS:,} answers")
            if isinstance(one, list):
                open_lists.append(iter(one))
                break
            found.append(one)
        else:
            open_lists.pop()
    return found


def _heard(value: Any, nameless: Iterator[str], query: Query, member: RegisteredMember) -> Heard:
    """Read one element; `nameless` has ids for beacons that are not named."""
    if value is None:
        return _silent(next(nameless), "did not answer", NoAnswerCode.TIMEOUT)
    if not isinstance(value, Mapping):
        return _silent(next(nameless), "its answer is no object", NoAnswerCode.INVALID_BODY)
    if "responseStatus" in value and exists_of(value.get("exists")) is Exists.UNKNOWN:
        told_id = id_of(value.get("beaconId")) or _service_id(value.get("service"))
        return _failed(value, told_id or next(nameless))
    beacon_id = id_of(value.get("beaconId")) or next(nameless)
    if (error := stated_error(value)) is not None:
        return _silent(beacon_id, error, NoAnswerCode.REJECTED)
    answer = answer_of(value, exists_of(value.get("exists")), member)
    if isinstance(answer, Answer):
        answer = only_asked(answer, query.dataset_ids, member.id)
    if isinstance(answer, Failure):
        return _silent(beacon_id, answer.message, NoAnswerCode(answer.code))
    leaf = Leaf(beacon_id=beacon_id, ending=ending_of(answer.exists))
    return Heard(leaf, _of_leaf(answer, beacon_id, member))


def _silent(beacon_id: str, reason: str, code: NoAnswerCode) -> Heard:
    return Heard(
        Leaf(beacon_id=beacon_id, ending=LeafEnding.NO_ANSWER, reason=reason, code=code.value)
    )


def _failed(told: Mapping[str, Any], beacon_id: str) -> Heard:
    """Read the element that stands for a beacon which answered an error status."""
    status = count_of(told.get("responseStatus")) or 0
    code = _CODES.get(status)
    if code is None:
        code = NoAnswerCode.SERVER_ERROR if status >= 500 else NoAnswerCode.REJECTED
    return _silent(beacon_id, f"HTTP {status}", code)


def _service_id(url: Any) -> str | None:
    """Give a service the id this software gives it: its host and port, back to front."""
    try:
        host = urlsplit(str(url)).netloc.rpartition("@")[2]
    except ValueError:
        return None
    return id_of(".".join(reversed(host.split("."))))


def _of_leaf(answer: Answer, beacon_id: str, member: RegisteredMember) -> Answer:
    """Name the beacon in each of its result sets; one stands for a beacon that lists none."""
    named = [
        msgspec.structs.replace(
            one, beacon_id=beacon_id, id=beacon_id if one.id == member.id else one.id
        )
        for one in answer.result_sets
    ]
    listed = named or [
        ResultSet(
            id=beacon_id,
            set_type="beacon",
            exists=answer.exists,
            count=answer.count,
            beacon_id=beacon_id,
        )
    ]
    return msgspec.structs.replace(answer, beacon_id=beacon_id, result_sets=tuple(listed))
