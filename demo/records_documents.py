"""The documents of `demo-records`, in the shapes EGA's v2 server was recorded answering."""

import hashlib
from collections.abc import Mapping

from .catalogue import Holding
from .records_request import FILTERING_TERM, Asked

BEACON_ID = "org.example.demo-records"
API_VERSION = "v2.2.0"
HOME = "https://genome-archive.example.org"
NAME = "Demo: Genome Archive Beacon"

DATASETS: Mapping[str, tuple[str, str]] = {
    "DEMO_COHORT": ("Demo cohort", "Whole genomes of a cohort that does not exist"),
    "DEMO_CANCER": ("Demo cancer panel", "Cancer panel results of patients who do not exist"),
}
"""Name and description by id."""

_RAW = "https://raw.githubusercontent.com/ga4gh-beacon"
_MODEL = f"{_RAW}/beacon-v2/main/models/json/beacon-v2-default-model"
_FOLDERS = {"dataset": "datasets", "genomicVariant": "genomicVariations"}
_STARTED, _UPDATED = "2021-11-29T12:00:00.000000Z", "2026-09-01T08:00:00Z"


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
    """Only what is served: the real servers list all seven."""
    return {
        "dataset": _entry_type(
            "dataset", "dataset", "A collection of records", ("NCIT:C47824", "Data set")
        ),
        "genomicVariant": _entry_type(
            "genomicVariant",
            "Genomic Variants",
            "The location of a sequence.",
            ("SO:0000735", "sequence_location"),
        ),
    }


def _entry_type(
    entry_type: str, name: str, description: str, ontology: tuple[str, str]
) -> dict[str, object]:
    return {
        "id": entry_type,
        "name": name,
        "description": description,
        "additionallySupportedSchemas": [],
        "defaultSchema": {
            "id": f"beacon-{entry_type}-v2.0.0",
            "name": f"Default schema for {name}",
            "referenceToSchemaDefinition": f"{_MODEL}/{_FOLDERS[entry_type]}/defaultSchema.json",
            "schemaVersion": "v2.0.0",
        },
        "nonFilteredQueriesAllowed": True,
        "ontologyTermForThisType": {"id": ontology[0], "label": ontology[1]},
        "partOfSpecification": "Beacon v2",
    }


def beacon_map(root: str) -> dict[str, object]:
    """Absolute addresses below `root`."""
    datasets = {
        "genomicVariant": {
            "returnedEntryType": "genomicVariant",
            "url": f"{root}/datasets/{{id}}/g_variants",
        }
    }
    return {
        "$schema": f"{_RAW}/beacon-framework-v2/main/configuration/beaconMapSchema.json",
        "endpointSets": {
            "dataset": _endpoint_set("dataset", f"{root}/datasets", datasets),
            "genomicVariant": _endpoint_set("genomicVariant", f"{root}/g_variants", {}),
        },
    }


def _endpoint_set(entry_type: str, url: str, endpoints: Mapping[str, object]) -> dict[str, object]:
    return {
        "entryType": entry_type,
        "rootUrl": url,
        "singleEntryUrl": f"{url}/{{id}}",
        "endpoints": endpoints,
        "openAPIEndpointsDefinition": f"{_MODEL}/{_FOLDERS[entry_type]}/endpoints.json",
    }


def filtering_terms() -> dict[str, object]:
    """The one term there is."""
    term = {"id": FILTERING_TERM, "scopes": ["genomicVariation"], "type": "alphanumeric"}
    return {"filteringTerms": [term], "resources": []}


def collection(dataset: str) -> dict[str, object]:
    """A data set as a collection record."""
    name, description = DATASETS[dataset]
    return {
        "id": dataset,
        "name": name,
        "description": description,
        "createDateTime": "2021-12-29T20:33:40Z",
        "updateDateTime": _UPDATED,
        "version": "v1.0",
        "externalUrl": f"{HOME}/datasets/{dataset}",
        "dataUseConditions": {
            "duoDataUse": [
                {"id": "DUO:0000019", "label": "publication required", "version": "7-1-19"}
            ]
        },
    }


def internal_id(held: Holding) -> str:
    """A stable identifier that means nothing outside this beacon."""
    return hashlib.sha256(f"{held.dataset}:{held.variant.hgvs}".encode()).hexdigest()


def record(held: Holding) -> dict[str, object]:
    """A variant record; the allele is as VCF anchors it, 0-based."""
    attributes: dict[str, object] = {}
    if held.variant.gene:
        attributes["geneIds"] = [held.variant.gene]
    if held.variant.aminoacid:
        attributes["aminoacidChanges"] = [held.variant.aminoacid]
    return {
        "frequencyInPopulations": [_frequencies(held)],
        "identifiers": _identifiers(held),
        **({"molecularAttributes": attributes} if attributes else {}),
        "variantInternalId": internal_id(held),
        "variation": _variation(held),
    }


def _frequencies(held: Holding) -> dict[str, object]:
    frequency = {
        "alleleFrequency": held.frequency,
        "alleleCount": held.observed,
        "alleleNumber": held.number,
        "genotypeHomozygous": None,
        "genotypeHeterozygous": None,
        "genotypeHemizygous": None,
        "population": "Total",
    }
    return {
        "source": "Demo network, invented",
        "sourceReference": f"{HOME}/frequencies",
        "frequencies": [frequency],
    }


def _identifiers(held: Holding) -> dict[str, object]:
    identifiers: dict[str, object] = {"genomicHGVSId": held.variant.hgvs}
    if held.variant.transcript:
        identifiers["transcriptHGVSIds"] = [held.variant.transcript]
    if held.variant.rsid:
        identifiers["variantAlternativeIds"] = [
            {
                "id": f"dbSNP:{held.variant.rsid}",
                "reference": f"https://www.ncbi.nlm.nih.gov/snp/{held.variant.rsid}",
            }
        ]
    return identifiers


def _variation(held: Holding) -> dict[str, object]:
    allele = held.allele
    change = f"{allele.start0}{allele.reference}>{allele.alternate}"
    return {
        "alternateBases": allele.alternate,
        "location": {
            "type": "SequenceLocation",
            "sequence_id": f"HGVSid:{allele.chromosome}:g.{change}",
            "interval": {
                "type": "SequenceInterval",
                "start": {"type": "Number", "value": allele.start0},
                "end": {"type": "Number", "value": allele.end0},
            },
        },
        "referenceBases": allele.reference,
        "variantType": allele.kind,
    }
