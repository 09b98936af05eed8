"""A small version 1 beacon that keeps every rule of conformance, and can be made to break one."""

from typing import Any

from tests.conforming import BEACON_ID, Conforming, Json


class ConformingV1(Conforming):
    """A version 1 beacon of two data sets, one of which holds BRAF V600E."""

    version = "1.1.0"

    def reply(self, path: str, parameters: dict[str, str], body: Json) -> tuple[int, Json]:
        if path == "/":
            return 200, self._description()
        if path != "/query":
            return 404, self._error("no such path")
        asked: dict[str, Any] = body if body is not None else dict(parameters)
        self.questions.append((path, asked))
        is_sample = asked.get("start") in {99, "99"}
        if self.breaks("v1.form.get" if body is None else "v1.form.post") and not is_sample:
            # the rows are asked for by the other method
            return 405, self._error("not in this form")
        if not str(asked.get("start", "")).isdigit() and not self.breaks("v1.error.invalid"):
            return 400, self._error("start is no number")
        if "referenceName" not in asked and not self.breaks("v1.error.missing"):
            return 400, self._error("referenceName is missing")
        if is_sample and self.breaks("v1.samples"):
            return 400, self._error("no such sample")
        return 200, self._answer(asked)

    def _description(self) -> Json:
        names = ["tumours", "genomes"]
        if self.breaks("v1.ids/listed"):
            names = ["tumours", "tumours", "genomes"]
        description = {
            "id": BEACON_ID,
            "name": "Conforming",
            "apiVersion": self.version,
            "organization": {"id": "example", "name": "Example"},
            "datasets": [
                {
                    "id": name,
                    "name": name,
                    "assemblyId": "GRCh38",
                    "createDateTime": "2026-01-01T00:00:00Z",
                    "updateDateTime": "2026-01-01T00:00:00Z",
                }
                for name in names
            ],
            "sampleAlleleRequests": [
                {
                    "referenceName": "1",
                    "start": 99,
                    "referenceBases": "A",
                    "alternateBases": "C",
                    "assemblyId": "GRCh38",
                }
            ],
        }
        if self.breaks("v1.beacon.schema"):
            description["organization"] = {"name": "no id"}
        return description

    def _head(self) -> dict[str, Any]:
        beacon_id = "org.example.other" if self.breaks("v1.beacon_id") else BEACON_ID
        version = "1.0.1" if self.breaks("v1.api_version") else self.version
        return {"beaconId": beacon_id, "apiVersion": version}

    def _answer(self, asked: dict[str, Any]) -> Json:
        include = str(asked.get("includeDatasetResponses", "NONE"))
        hit = {"datasetId": "tumours", "exists": True}
        miss = {"datasetId": "genomes", "exists": False}
        wanted = {"ALL": [hit, miss], "HIT": [hit], "MISS": [miss], "NONE": []}
        if self.breaks("v1.ids"):
            other = {**hit, "datasetId": "elsewhere"}
            wanted |= {"ALL": [hit, other, miss], "HIT": [hit, other]}
        if self.breaks(f"v1.include.{include.lower()}"):
            wanted = {"ALL": [hit], "HIT": [hit, miss], "MISS": [hit, miss], "NONE": [hit]}
        if self.breaks(f"v1.include.{include.lower()}/less"):
            wanted = {"HIT": [], "MISS": []}
        names = ("referenceName", "referenceBases", "alternateBases", "assemblyId")
        echo: dict[str, Any] = {key: asked[key] for key in names if key in asked}
        if str(asked.get("start", "")).isdigit():
            echo["start"] = int(asked["start"])
        echo["includeDatasetResponses"] = include
        if self.breaks("v1.echo"):
            echo["start"] = 7
        document = {
            **self._head(),
            "exists": True,
            "alleleRequest": echo,
            "datasetAlleleResponses": wanted[include],
        }
        if self.breaks("v1.answer.schema"):
            document["info"] = "a text"
        if self.breaks("v1.exists"):
            document["error"] = {"errorCode": 200, "errorMessage": "none"}
        return document

    def _error(self, message: str) -> Json:
        error = {"errorCode": 400, "errorMessage": message}
        if self.breaks("v1.error.document"):
            return error
        return {**self._head(), "exists": None, "error": error}
