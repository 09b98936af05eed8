"""ELIXIR's beacon-python, version 1.1: everything it does not know is refused.

`hg38` and `GRCh38.p13` are accepted and find nothing; unknown data sets answer no; a GET reads
only the first `datasetIds`, split at commas; N stands for any bases, so longer alleles match too.
"""

import re
from typing import Any

from aiohttp import web

from tests.miniatures.base import CHROMOSOMES, Json, Refused
from tests.miniatures.holdings import DATASETS
from tests.miniatures.version1 import NAMES, POSITIONS, VersionOne, found

_BASES = re.compile(r"[ACGTN]+")
_ASSEMBLY = re.compile(r"(GRCh|hg)[0-9]+([.]?p[0-9]+)?")
_REQUIRED = ("referenceName", "referenceBases", "assemblyId")


class BeaconPython(VersionOne):
    """ELIXIR's server."""

    base_path = ""
    software = "beacon-python"
    api_version = "1.1.0"
    beacon_id = "org.example.beacon-python"

    def info(self) -> Json:
        return {
            "id": self.beacon_id,
            "name": "beacon-python miniature",
            "apiVersion": self.api_version,
            "description": "Beacon API Web Server based on the GA4GH Beacon API",
            "organization": {"id": "miniature", "name": "Miniature"},
            "datasets": self.data_sets(info={"accessType": "PUBLIC"}),
        }

    def parameters(self, request: web.Request, body: Any) -> Json:
        if request.method == "POST":
            if not isinstance(body, dict):
                raise _unreadable()
            return dict(body)
        asked: Json = dict(request.query)
        if "datasetIds" in asked:
            asked["datasetIds"] = request.query["datasetIds"].split(",")
        for name in POSITIONS:
            if name in asked:
                if not asked[name].isdigit():
                    raise _unreadable()
                asked[name] = int(asked[name])
        return asked

    def ask(self, asked: Json) -> Json:
        _check(asked)
        hits = found(asked, _same_bases)
        touched = {one.dataset for one in hits}
        searched = [one for one in DATASETS if one in (asked.get("datasetIds") or DATASETS)]
        rows = [_hit(one) for one in hits] + [_miss(one) for one in searched if one not in touched]
        include = asked.get("includeDatasetResponses", "NONE")
        kept = {"ALL": (True, False), "HIT": (True,), "MISS": (False,), "NONE": ()}[include]
        return {
            "exists": bool(hits),
            "alleleRequest": asked,
            "datasetAlleleResponses": [row for row in rows if row["exists"] in kept],
        }

    def refusal(self, refused: Refused) -> web.Response:
        error = {"errorCode": refused.status, "errorMessage": refused.message}
        if refused.status >= 500:
            return web.json_response(error, status=refused.status)
        head = {"beaconId": self.beacon_id, "apiVersion": self.api_version}
        rest: Json = {"exists": None, "error": error, "datasetAlleleResponses": []}
        return web.json_response({**head, **rest}, status=refused.status)


def _unreadable() -> Refused:
    return Refused(500, "Could not properly parse the provided Request Body as JSON.")


def _check(asked: Json) -> None:
    if unknown := asked.keys() - NAMES:
        raise Refused(400, f"Additional properties are not allowed ({sorted(unknown)})")
    if missing := set(_REQUIRED) - asked.keys():
        raise Refused(400, f"{sorted(missing)} is a required property")
    bases = [asked[name] for name in ("referenceBases", "alternateBases") if name in asked]
    is_right = (
        asked["referenceName"] in CHROMOSOMES
        and _ASSEMBLY.fullmatch(asked["assemblyId"])
        and all(_BASES.fullmatch(one) for one in bases)
        and all(isinstance(asked[name], int) for name in POSITIONS if name in asked)
    )
    if not is_right:
        raise Refused(400, f"Provided input: '{asked}' does not seem correct")
    if not {"alternateBases", "variantType"} & asked.keys():
        raise Refused(400, "'alternateBases' is a required property")
    if not {"start", "startMin"} & asked.keys():
        raise Refused(400, "'start' is a required property")


def _same_bases(asked: str, held: str) -> bool:
    return re.fullmatch(asked.replace("N", ".+"), held) is not None


def _hit(one: Any) -> Json:
    return {
        "datasetId": one.dataset,
        "exists": True,
        "referenceBases": one.reference,
        "alternateBases": one.alternate,
        "start": one.start0,
        "end": one.end0,
        "variantCount": 3,
        "callCount": 5008,
        "sampleCount": 2534,
        "frequency": 0.0006,
        "info": {"accessType": "PUBLIC"},
    }


def _miss(name: str) -> Json:
    zeros = dict.fromkeys(("start", "end", "variantCount", "callCount", "sampleCount"), 0)
    blanks = {"referenceBases": "", "alternateBases": "", "variantType": "", "frequency": 0}
    return {"datasetId": name, "exists": False, **zeros, **blanks}
