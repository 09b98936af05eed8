"""Reads what is asked of the list of filtering terms: which page, and whose."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from aggregator.model.query import Pagination
from aggregator.protocol.parameters import NETWORK_CONTROLS, ParameterReader, warn_unknown

EVERYBODY: Final = "all"
ANYBODY: Final = "any"


@dataclass(frozen=True, slots=True)
class TermsRequest:
    """Which terms are to be listed."""

    pagination: Pagination
    shared_by_all: bool = False
    """Whether only terms that every member takes are asked for."""
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def read_terms_request(parameters: Mapping[str, Any]) -> TermsRequest:
    """Read `skip` (pages), `limit` (0 for all) and `members` (`all` or `any`)."""
    reader = ParameterReader(parameters)
    default = Pagination()
    pages = {"skip": reader.integer("skip"), "limit": reader.integer("limit")}
    for name, value in pages.items():
        if value is not None and value < 0:
            reader.problems.append(f"{name}: {value} is negative")
    members = reader.choice("members", (ANYBODY, EVERYBODY))
    warn_unknown(reader, ("skip", "limit", "members"))
    if ignored := sorted(NETWORK_CONTROLS & parameters.keys()):
        reader.warnings.append(f"nobody is asked, so these have no effect: {', '.join(ignored)}")
    skip, limit = pages["skip"], pages["limit"]
    return TermsRequest(
        Pagination(
            skip=default.skip if skip is None else max(0, skip),
            limit=default.limit if limit is None else max(0, limit),
        ),
        shared_by_all=members == EVERYBODY,
        problems=tuple(reader.problems),
        warnings=tuple(reader.warnings),
    )
