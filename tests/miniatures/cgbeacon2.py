"""SciLifeLab's cgbeacon2, version 1.0.1.

A POSTed `start: 0` counts as absent; `chr1` and other assemblies silently find nothing; an
unknown data set is an error; a GET takes repeated `datasetIds`, not commas; N matches anywhere.
"""

import re
from typing import Any

from aiohttp import web

from tests.miniatures.base import Json, Refused
from tests.miniatures.holdings import DATASETS
from tests.miniatures.version1 import NAMES, POSITIONS, VersionOne, found

_PAGE = "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n"


class CgBeacon2(VersionOne):
    """SciLifeLab's server."""

    base_path = "/apiv1.0"
    software = "cgbeacon2"
    api_version = "v1.0.1"
    beacon_id = "SciLifeLab-beacon"

    def info(self) -> Json:
        updated = "Fri, 20 Nov 2026 22:03:16 GMT"
        return {
            "id": self.beacon_id,
            "name": "cgbeacon2 miniature",
            "apiVersion": self.api_version,
            "version": "v4.5.1",
            "organization": {"id": "miniature", "name": "Miniature"},
            "createDateTime": "2015-06-15T00:00.000Z",
            "updateDateTime": updated,
            "welcomeUrl": f"{self.url}/query_form",
            "datasets": self.data_sets(updateDateTime=updated),
        }

    def parameters(self, request: web.Request, body: Any) -> Json:
        if request.method == "POST":
            told = body if isinstance(body, dict) else {}
            return {name: told[name] for name in NAMES if told.get(name)}
        asked: Json = {name: value for name, value in request.query.items() if name in NAMES}
        if "datasetIds" in asked:
            asked["datasetIds"] = request.query.getall("datasetIds")
        return asked

    def ask(self, asked: Json) -> Json:
        _check(asked)
        hits = found(asked, _same_bases)
        touched = {one.dataset for one in hits}
        rows = [
            {
                "datasetId": name,
                "exists": name in touched,
                "variantCount": int(name in touched),
                "callCount": int(name in touched),
                "sampleCount": int(name in touched),
                "info": {"accessType": "PUBLIC"},
            }
            for name in asked.get("datasetIds") or DATASETS
        ]
        include = asked.get("includeDatasetResponses", "NONE")
        kept = {"ALL": (True, False), "HIT": (True,), "MISS": (False,), "NONE": ()}[include]
        return {
            "exists": bool(hits),
            "datasetAlleleResponses": [row for row in rows if row["exists"] in kept],
        }

    def refusal(self, refused: Refused) -> web.Response:
        if refused.status == 404:
            return web.Response(status=404, text=_PAGE, content_type="text/html")
        error = {"errorCode": refused.status, "errorMessage": refused.message}
        if refused.status in {401, 403}:
            return web.json_response(error, status=refused.status)
        head = {"beaconId": self.beacon_id, "apiVersion": self.api_version}
        return web.json_response({**head, "exists": None, "error": error}, status=refused.status)


def _check(asked: Json) -> None:
    for name in POSITIONS:
        if name in asked:
            if not str(asked[name]).isdigit():
                raise Refused(400, "Invalid coordinates. Variant start and stop must be numbers")
            asked[name] = int(asked[name])
    if {"referenceName", "referenceBases", "assemblyId"} - asked.keys():
        raise Refused(400, "Missing one or more mandatory parameters")
    if set(asked.get("datasetIds", ())) - set(DATASETS):
        raise Refused(400, "Unknown datasets. Database does not contain them")
    if not {"start", "startMin"} & asked.keys():
        raise Refused(400, "Start coordinate or range coordinate params are required")


def _same_bases(asked: str, held: str) -> bool:
    return re.search(asked.replace("N", "."), held) is not None if "N" in asked else asked == held
