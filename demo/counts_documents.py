"""The documents of `demo-counts`, in the shapes bento's server answers."""

from collections.abc import Mapping

from .counts_filters import TERMS
from .counts_request import Asked

BEACON_ID = "org.example.demo-counts.beacon"
API_VERSION = "v2.0.0"
HOME = "https://cohort-platform.example.org"
NAME = "Demo: Cohort Platform Beacon"

DATASETS: Mapping[str, tuple[str, str]] = {
    "cohort": ("Demo cohort", "Volunteers who do not exist"),
    "oncology": ("Demo oncology", "Patients who do not exist"),
}
"""Name and description by id."""

_SPECIFICATION = "https://raw.githubusercontent.com/ga4gh-beacon/beacon-v2/main"
_JSON_SCHEMA = "https://json-schema.org/draft/2020-12/schema"


def informational(response: Mapping[str, object]) -> dict[str, object]:
    """The envelope of a document about the beacon."""
    meta = {"beaconId": BEACON_ID, "apiVersion": API_VERSION, "returnedSchemas": []}
    return {"response": response, "meta": meta}


def meta(asked: Asked, granularity: str | None) -> dict[str, object]:
    """The meta of an answer about variants, which names no schema: there are no records."""
    return {
        "beaconId": BEACON_ID,
        "apiVersion": API_VERSION,
        "returnedSchemas": [],
        "returnedGranularity": granularity,
        "receivedRequestSummary": asked.echo,
    }


def error(status: int, message: str) -> dict[str, object]:
    """An error document; its granularity is null although the specification wants one."""
    return {
        "meta": meta(Asked(), None),
        "error": {"errorCode": status, "errorMessage": message},
    }


def info(root: str) -> dict[str, object]:
    """Who this is; `root` is the address by which the client knows it."""
    return {
        "id": BEACON_ID,
        "name": NAME,
        "apiVersion": API_VERSION,
        "environment": "dev",
        "description": "Real variants, invented counts",
        "organization": {
            "id": "cohort-platform",
            "name": "Cohort Platform",
            "description": "A platform that does not exist",
            "contactUrl": "mailto:beacon@cohort-platform.example.org",
            "welcomeUrl": HOME,
        },
        "version": "0.20.0",
        "welcomeUrl": HOME,
        "alternativeUrl": root,
    }


def service_info() -> dict[str, object]:
    """The GA4GH service document, which has no envelope."""
    return {
        "id": BEACON_ID,
        "name": NAME,
        "type": {"group": "org.ga4gh", "artifact": "beacon", "version": API_VERSION},
        "description": "Real variants, invented counts",
        "organization": {"name": "Cohort Platform", "url": HOME},
        "contactUrl": "mailto:beacon@cohort-platform.example.org",
        "environment": "dev",
        "version": "0.20.0",
        "bento": {"serviceKind": "beacon"},
    }


def configuration() -> dict[str, object]:
    """Maturity, access and entry types."""
    return {
        "$schema": _JSON_SCHEMA,
        "entryTypes": entry_types(),
        "maturityAttributes": {"productionStatus": "DEV"},
        "securityAttributes": {"defaultGranularity": "count", "securityLevels": ["PUBLIC"]},
    }


def entry_types() -> dict[str, object]:
    """The entry types; variants go by the older name `genomicVariation` here."""
    return {
        "dataset": _entry_type("dataset", "Dataset", "datasets", ("NCIT:C47824", "Data set")),
        "genomicVariation": _entry_type(
            "genomicVariation",
            "Genomic Variant",
            "genomicVariations",
            ("ENSGLOSSARY:0000092", "Variant"),
        ),
        "individual": _entry_type(
            "individual", "Individual", "individuals", ("NCIT:C25190", "Person")
        ),
        "biosample": _entry_type(
            "biosample", "Biosample", "biosamples", ("NCIT:C70699", "Biospecimen")
        ),
    }


def _entry_type(
    entry_type: str, name: str, folder: str, ontology: tuple[str, str]
) -> dict[str, object]:
    schema = f"{_SPECIFICATION}/models/json/beacon-v2-default-model/{folder}/defaultSchema.json"
    return {
        "id": entry_type,
        "name": name,
        "ontologyTermForThisType": {"id": ontology[0], "label": ontology[1]},
        "partOfSpecification": "Beacon v2.0.0",
        "defaultSchema": {
            "id": f"ga4gh-beacon-{entry_type.lower()}-v2.0.0",
            "name": f"Default schema for {name.lower()}",
            "referenceToSchemaDefinition": schema,
            "schemaVersion": "v2.0.0",
        },
    }


def beacon_map(root: str) -> dict[str, object]:
    """The map, of lists alone: nobody ever learns an id from counts."""
    return {
        "$schema": _JSON_SCHEMA,
        "endpointSets": {
            entry_type: {"entryType": entry_type, "rootUrl": f"{root}/{path}"}
            for entry_type, path in (
                ("dataset", "datasets"),
                ("genomicVariation", "g_variants"),
                ("individual", "individuals"),
                ("biosample", "biosamples"),
            )
        },
    }


def filtering_terms() -> dict[str, object]:
    """All of them, whatever page is asked for."""
    prefixes = (("HP", "Human Phenotype Ontology"), ("MONDO", "Mondo Disease Ontology"))
    return {
        "filteringTerms": [dict(term) for term in TERMS.values()],
        "resources": [
            {"id": prefix.lower(), "name": name, "nameSpacePrefix": prefix}
            for prefix, name in prefixes
        ],
    }


def collection(dataset: str) -> dict[str, object]:
    """A data set as a collection record."""
    name, description = DATASETS[dataset]
    return {"id": dataset, "name": name, "description": description, "version": "1.0"}


def collections(asked: Asked, found: object) -> dict[str, object]:
    """The answer about data sets, whatever granularity was asked for."""
    return {
        "meta": {
            **meta(asked, "record"),
            "returnedSchemas": [{"entityType": "dataset", "schema": "ga4gh-beacon-dataset-v2.0.0"}],
        },
        "responseSummary": {"exists": bool(found)},
        "response": {"collections": found},
    }
