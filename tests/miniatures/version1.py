"""What both miniature version 1 servers do: one answer per question, rows by data set."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from tests.miniatures.base import Json, Miniature
from tests.miniatures.holdings import ASSEMBLY, DATASETS, VARIANTS, Held

NAMES = frozenset(
    {
        *("referenceName", "start", "end", "startMin", "startMax", "endMin", "endMax"),
        *("referenceBases", "alternateBases", "variantType", "assemblyId"),
        *("datasetIds", "includeDatasetResponses"),
    }
)
POSITIONS = ("start", "end", "startMin", "startMax", "endMin", "endMax")


class VersionOne(Miniature):
    """A server of `BeaconAlleleResponse`s."""

    api_version = ""
    beacon_id = ""

    def info(self) -> Json:
        """The document at the root."""
        raise NotImplementedError

    def ask(self, asked: Json) -> Json:
        """Answer one question of checked parameters, or raise Refused."""
        raise NotImplementedError

    def parameters(self, request: web.Request, body: Any) -> Json:
        """Read what was asked, or raise Refused."""
        raise NotImplementedError

    def documents(self) -> Mapping[str, Any]:
        return {"": self.info()}

    async def answer(self, request: web.Request, below: list[str], body: Any) -> web.Response:
        if below != ["query"]:
            return self.not_found()
        told = self.ask(self.parameters(request, body))
        head = {"beaconId": self.beacon_id, "apiVersion": self.api_version}
        return web.json_response({**head, **told})

    def data_sets(self, **more: Any) -> list[Json]:
        updated = "2026-09-01T08:00:00Z"
        return [
            {
                "id": name,
                "name": name.title(),
                "assemblyId": ASSEMBLY,
                "createDateTime": updated,
                "updateDateTime": updated,
                **more,
            }
            for name in DATASETS
        ]


def found(asked: Json, same_bases: Any) -> list[Held]:
    """The variants asked for, in the data sets asked for; windows are inclusive."""
    sets = asked.get("datasetIds") or DATASETS
    return [one for one in VARIANTS if one.dataset in sets and _matches(asked, one, same_bases)]


def _matches(asked: Json, held: Held, same_bases: Any) -> bool:
    fixed: Json = {
        "referenceName": held.chromosome,
        "assemblyId": ASSEMBLY,
        "variantType": held.kind,
    }
    fixed |= {"start": held.start0, "end": held.end0}
    lowest = {"startMin": held.start0, "endMin": held.end0}
    highest = {"startMax": held.start0, "endMax": held.end0}
    return (
        all(asked.get(name, value) == value for name, value in fixed.items())
        and all(asked.get(name, value) <= value for name, value in lowest.items())
        and all(asked.get(name, value) >= value for name, value in highest.items())
        and same_bases(asked.get("referenceBases", "N"), held.reference)
        and same_bases(asked.get("alternateBases", "N"), held.alternate)
    )
