"""The documents of `demo-records`, in the shapes EGA's v2 server was recorded answering."""

from collections.abc import Mapping
from dataclasses import dataclass

from .records_filters import TERMS, FilteringTerm
from .records_model import HOME
from .records_request import Asked

BEACON_ID = "org.example.demo-records"
API_VERSION = "v2.2.0"
NAME = "Demo: Genome Archive Beacon"

_RAW = "https://raw.githubusercontent.com/ga4gh-beacon"
_MODEL = f"{_RAW}/beacon-v2/main/models/json/beacon-v2-default-model"
_STARTED = "2021-11-29T12:00:00.000000Z"


@dataclass(frozen=True, slots=True)
class EntryType:
    """A kind of record that is served."""

    id: str
    path: str
    name: str
    description: str
    ontology: tuple[str, str]
    folder: str


ENTRY_TYPES: Mapping[str, EntryType] = {
    kind.id: kind
    for kind in (
        EntryType(
            "dataset", "datasets", "dataset", "A collection of records",
            ("NCIT:C47824", "Data set"), "datasets",
        ),
        EntryType(
            "individual", "individuals", "Individual", "A human being.",
            ("NCIT:C25190", "Person"), "individuals",
        ),
        EntryType(
            "genomicVariant", "g_variants", "Genomic Variants", "The location of a sequence.",
            ("SO:0000735", "sequence_location"), "genomicVariations",
        ),
        EntryType(
            "cohort", "cohorts", "Cohort", "A group of individuals with something in common.",
            ("NCIT:C61512", "Cohort"), "cohorts",
        ),
        EntryType(
            "biosample", "biosamples", "Biological Sample", "Material taken from an individual.",
            ("NCIT:C70699", "Biospecimen"), "biosamples",
        ),
        EntryType(
            "run", "runs", "Run", "The sequencing of a sample.",
            ("NCIT:C148088", "Sequencing run"), "runs",
        ),
        EntryType(
            "analysis", "analyses", "Bioinformatics analysis", "The finding of variants in a run.",
            ("edam:operation_2945", "Analysis"), "analyses",
        ),
    )
}  # fmt: skip
"""By id, in the order in which the recorded server lists them."""

_RESOURCES = (
    {
        "id": "hp",
        "iriPrefix": "https://purl.obolibrary.org/obo/HP_",
        "name": "Human Phenotype Ontology",
        "url": "https://purl.obolibrary.org/obo/hp.owl",
    },
    {
        "id": "mondo",
        "iriPrefix": "https://purl.obolibrary.org/obo/MONDO_",
        "name": "Mondo Disease Ontology",
        "url": "https://purl.obolibrary.org/obo/mondo.owl",
    },
    {
        "id": "ncit",
        "iriPrefix": "https://purl.obolibrary.org/obo/NCIT_",
        "name": "National Cancer Institute Thesaurus",
        "url": "https://purl.obolibrary.org/obo/ncit.owl",
    },
    {"id": "icd10", "name": "International Classification of Diseases, 10th revision"},
)


def informational(kind: str, response: Mapping[str, object]) -> dict[str, object]:
    """The envelope of a document about the beacon; `kind` names its schema."""
    meta = {
        "apiVersion": API_VERSION,
        "beaconId": BEACON_ID,
        "returnedSchemas": [{"schema": f"{kind}-{API_VERSION}"}],
    }
    return {"meta": meta, "response": response}


def meta(asked: Asked, entry_type: str) -> dict[str, object]:
    """The meta of an answer, whose granularity is always the one asked for."""
    return {
        "apiVersion": API_VERSION,
        "beaconId": BEACON_ID,
        "receivedRequestSummary": asked.summary(),
        "returnedGranularity": asked.granularity,
        "returnedSchemas": [{"entityType": entry_type, "schema": f"beacon-{entry_type}-v2.0.0"}],
        "testMode": asked.is_test,
    }


def error(status: int, message: str) -> dict[str, object]:
    """An error document: its echo is always that of an empty request."""
    return {
        "error": {"errorCode": status, "errorMessage": message},
        "meta": {
            "apiVersion": API_VERSION,
            "beaconId": BEACON_ID,
            "receivedRequestSummary": Asked().summary(),
            "returnedGranularity": "boolean",
            "returnedSchemas": [{"schema": f"error-{API_VERSION}"}],
            "testMode": False,
        },
    }


def info(root: str) -> dict[str, object]:
    """Who this is; `root` is the address by which the client knows it."""
    return {
        "id": BEACON_ID,
        "name": NAME,
        "apiVersion": API_VERSION,
        "environment": "test",
        "description": "Real variants, invented counts",
        "organization": {
            "id": "genome-archive",
            "name": "Genome Archive",
            "address": "Nowhere",
            "contactUrl": "mailto:beacon@genome-archive.example.org",
            "description": "An archive that does not exist",
            "logoUrl": f"{HOME}/logo.png",
            "welcomeUrl": HOME,
        },
        "version": "v2.2.4",
        "welcomeUrl": HOME,
        "alternativeUrl": root,
        "createDateTime": _STARTED,
    }


def service_info() -> dict[str, object]:
    """The GA4GH service document, which has no envelope."""
    return {
        "id": BEACON_ID,
        "name": NAME,
        # Group and artifact are the wrong way round in the recorded server too.
        "type": {"group": "beacon", "artifact": "org.ga4gh", "version": "v2.2.4"},
        "description": "Real variants, invented counts",
        "organization": {"name": "Genome Archive", "url": HOME},
        "contactUrl": "mailto:beacon@genome-archive.example.org",
        "documentationUrl": f"{HOME}/documentation",
        "createdAt": _STARTED,
        "environment": "test",
        "version": API_VERSION,
    }


def configuration() -> dict[str, object]:
    """Maturity, access and entry types."""
    return {
        "$schema": f"{_RAW}/beacon-framework-v2/main/configuration/beaconConfigurationSchema.json",
        "entryTypes": entry_types(),
        "maturityAttributes": {"productionStatus": "TEST"},
        "securityAttributes": {"defaultGranularity": "record", "securityLevels": ["PUBLIC"]},
    }


def entry_types() -> dict[str, object]:
    """All seven."""
    return {kind.id: _entry_type(kind) for kind in ENTRY_TYPES.values()}


def _entry_type(kind: EntryType) -> dict[str, object]:
    return {
        "id": kind.id,
        "name": kind.name,
        "description": kind.description,
        "additionallySupportedSchemas": [],
        "defaultSchema": {
            "id": f"beacon-{kind.id}-v2.0.0",
            "name": f"Default schema for {kind.name}",
            "referenceToSchemaDefinition": f"{_MODEL}/{kind.folder}/defaultSchema.json",
            "schemaVersion": "v2.0.0",
        },
        "nonFilteredQueriesAllowed": True,
        "ontologyTermForThisType": {"id": kind.ontology[0], "label": kind.ontology[1]},
        "partOfSpecification": "Beacon v2",
    }


def beacon_map(root: str) -> dict[str, object]:
    """Absolute addresses below `root`: every entry type below every other."""
    return {
        "$schema": f"{_RAW}/beacon-framework-v2/main/configuration/beaconMapSchema.json",
        "endpointSets": {kind.id: _endpoint_set(kind, root) for kind in ENTRY_TYPES.values()},
    }


def _endpoint_set(kind: EntryType, root: str) -> dict[str, object]:
    url = f"{root}/{kind.path}"
    return {
        "entryType": kind.id,
        "rootUrl": url,
        "singleEntryUrl": f"{url}/{{id}}",
        "endpoints": {
            other.id: {"returnedEntryType": other.id, "url": f"{url}/{{id}}/{other.path}"}
            for other in ENTRY_TYPES.values()
            if other is not kind
        },
        "openAPIEndpointsDefinition": f"{_MODEL}/{kind.folder}/endpoints.json",
    }


def filtering_terms(asked: Asked, entry_type: str | None) -> dict[str, object]:
    """A page of the terms, of one entry type or of all; limit 0 is all of them."""
    terms = [one for one in TERMS.values() if entry_type is None or entry_type in one.scopes]
    return {
        "filteringTerms": [_filtering_term(one) for one in asked.page(terms)],
        "resources": [dict(one) for one in _RESOURCES],
    }


def _filtering_term(one: FilteringTerm) -> dict[str, object]:
    # Variants go by their older name in the recorded terms.
    scopes = ["genomicVariation" if s == "genomicVariant" else s for s in one.scopes]
    document: dict[str, object] = {"id": one.id, "scopes": scopes, "type": one.type}
    return {**document, "label": one.label} if one.label else document
