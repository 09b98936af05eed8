"""Asks a running network, and reads what it tells of its members back into the model."""

from collections.abc import Mapping
from typing import Any

import aiohttp
import msgspec
from yarl import URL

from aggregator.base.errors import BadQuery, ConfigError
from aggregator.commands.addresses import words
from aggregator.model.answer import Answer, Exists, Match, ResultSet
from aggregator.model.merged import NetworkAnswer, Verdict
from aggregator.model.outcome import (
    Ending,
    Member,
    MemberOutcome,
    NoAnswerCode,
    NotAskedCode,
    Reason,
    Source,
)
from aggregator.model.query import Query

_OF_THE_QUESTION = frozenset({400, 413, 414})
"""Statuses that say the question is wrong, not the address."""


class _Reason(msgspec.Struct):
    code: str
    message: str


class _DataSet(msgspec.Struct):
    id: str
    name: str | None = None
    exists: bool | None = None
    count: int | None = None
    frequency: float | None = None


class _Member(msgspec.Struct, rename="camel"):
    id: str
    name: str
    answer: Ending
    protocol: str = "auto"
    beacon_id: str | None = None
    api_version: str | None = None
    match: Match | None = None
    matched_as: str | None = None
    reason: _Reason | None = None
    count: int | None = None
    count_unit: str | None = None
    elapsed_ms: int = 0
    attempts: int = 0
    source: Source = Source.LIVE
    age_s: float = 0
    warnings: list[str] = []
    datasets: list[_DataSet] = []
    untrusted: bool = False


class _Info(msgspec.Struct, rename="camel"):
    verdict: Verdict
    complete: bool
    members: list[_Member]
    elapsed_ms: int = 0
    warnings: list[str] = []


async def fetch(
    url: str, parameters: Mapping[str, str], timeout_s: float, *, path: str = "g_variants"
) -> dict[str, Any]:
    """Put a question to the network at `url`; gives its document, also that of a refusal.

    `path` is percent-encoded, as under /api. Raises `BadQuery` for an address that is none or a
    question the network does not take, and `ConfigError` where no network answers.
    """
    below = path.strip("/").removeprefix("api/")
    target = URL(f"{_api_url(url)}/{below}", encoded=True).with_query(parameters)
    where = target.origin()
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=timeout_s)) as session,
            session.get(target, headers={"Accept": "application/json"}) as response,
        ):
            document = await response.json(content_type=None)
    except TimeoutError:
        raise ConfigError([f"{where} did not answer within {timeout_s:g} s."]) from None
    except aiohttp.ClientConnectorError as error:
        raise ConfigError([f"{where} cannot be reached: {words(error.os_error)}."]) from None
    except aiohttp.ClientError as error:
        reason = str(error) or type(error).__name__
        raise ConfigError([f"{where} cannot be asked: {reason}."]) from None
    except ValueError:
        raise ConfigError([f"{where} does not answer like a Beacon network: no JSON."]) from None
    if not isinstance(document, dict):
        raise ConfigError([f"{where} does not answer like a Beacon network."])
    if not isinstance(_info(document), dict):
        _refuse(document, url)
    return document


def read_answer(document: Mapping[str, Any], query: Query) -> NetworkAnswer:
    """Read the answer of a network to `query`; raises `ConfigError` for words it does not know."""
    try:
        told = msgspec.convert(_info(document), _Info)
        outcomes = tuple(_outcome(member) for member in told.members)
    except (msgspec.ValidationError, ValueError) as error:
        problem = f"The network answers in words this version does not know ({error})."
        raise ConfigError([problem, "--json shows its answer as it is."]) from None
    return NetworkAnswer(
        query=query,
        verdict=told.verdict,
        is_complete=told.complete,
        outcomes=outcomes,
        count=None,
        granularity=query.granularity,
        elapsed_s=told.elapsed_ms / 1000,
        warnings=tuple(told.warnings),
    )


def verdict_of(document: Mapping[str, Any]) -> Verdict:
    """Read the verdict alone; one that is not known counts as unknown."""
    info = _info(document) or {}
    try:
        return Verdict(str(info.get("verdict")))
    except ValueError:
        return Verdict.UNKNOWN


def members_of(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Give what is told of each member, as it stands there."""
    told = (_info(document) or {}).get("members")
    return [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []


def _info(document: Mapping[str, Any]) -> Any:
    info = document.get("info")
    return info.get("network") if isinstance(info, Mapping) else None


def _refuse(document: Mapping[str, Any], url: str) -> None:
    stated = document.get("error")
    error = stated if isinstance(stated, Mapping) else {}
    message = str(
        error.get("errorMessage") or "it answers, but not like a network (no info.network)"
    )
    if error.get("errorCode") in _OF_THE_QUESTION:
        raise BadQuery([message])
    raise ConfigError([f"{url}: {message}"])


def _api_url(url: str) -> URL:
    try:
        parsed = URL(url)
    except ValueError:
        parsed = URL()
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise BadQuery([f"--url {url}: an address starts with https:// (or http://)."])
    base = parsed.with_query(None).with_fragment(None)
    path = base.path.rstrip("/")
    return base.with_path(path if path.endswith("/api") else f"{path}/api")


def _outcome(told: _Member) -> MemberOutcome:
    return MemberOutcome(
        Member(told.id, told.name, told.protocol, told.beacon_id, told.api_version),
        told.answer,
        reason=_reason(told) if told.reason else None,
        match=told.match,
        matched_as=told.matched_as,
        elapsed_s=told.elapsed_ms / 1000,
        attempts=told.attempts,
        source=told.source,
        age_s=told.age_s,
        warnings=tuple(told.warnings),
        answer=_answer(told),
        is_untrusted=told.untrusted,
        told_sets=_sets(told),
    )


def _reason(told: _Member) -> Reason:
    reason = told.reason
    assert reason is not None  # noqa: S101 - the caller has seen to it
    codes = NotAskedCode if told.answer is Ending.NOT_ASKED else NoAnswerCode
    return Reason(codes(reason.code), reason.message)


def _answer(told: _Member) -> Answer | None:
    if told.answer not in {Ending.FOUND, Ending.NOT_FOUND}:
        return None
    return Answer(
        exists=Exists.of(told.answer is Ending.FOUND),
        count=told.count,
        unit=told.count_unit,
        result_sets=_sets(told),
    )


def _sets(told: _Member) -> tuple[ResultSet, ...]:
    return tuple(
        ResultSet(
            id=one.id,
            name=one.name,
            exists=Exists.of(one.exists),
            count=one.count,
            frequency=one.frequency,
        )
        for one in told.datasets
    )
