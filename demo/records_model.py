"""The records of `demo-records`, by the default model of Beacon v2.1."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from .catalogue import Holding
from .ontology import term
from .population import SEXES, Person

HOME = "https://genome-archive.example.org"

DATASETS: Mapping[str, tuple[str, str]] = {
    "DEMO_COHORT": ("Demo cohort", "Whole genomes of a cohort that does not exist"),
    "DEMO_CANCER": ("Demo cancer panel", "Cancer panel results of patients who do not exist"),
}
"""Name and description by id."""

COHORTS: Mapping[str, str] = {
    "DEMO_NEURO": "Demo neurology clinic",
    "DEMO_RARE": "Demo rare diseases",
    "DEMO_TUMOUR": "Demo tumour board",
}
"""Names by id."""

_UPDATED = "2026-09-01T08:00:00Z"
_SEQUENCED = {"DEMO_COHORT": "2021-11-08", "DEMO_CANCER": "2024-03-18"}
_ANALYSED = {"DEMO_COHORT": "2021-11-29", "DEMO_CANCER": "2024-04-02"}
_SEQUENCERS = {"DEMO_COHORT": "OBI:0002048", "DEMO_CANCER": "OBI:0002630"}
STRATEGIES: Mapping[str, str] = {"DEMO_COHORT": "WGS", "DEMO_CANCER": "Targeted-Capture"}
"""How the samples of a data set were sequenced."""


def individual(person: Person) -> dict[str, object]:
    """Somebody; the age is not part of the model and so stands in `info`."""
    record: dict[str, object] = {
        "id": person.id,
        "sex": term(SEXES[person.sex]),
        "ethnicity": term(person.ethnicity),
        "info": {"age": years(person.age), "followedUp": person.is_followed_up},
    }
    if person.diseases:
        record["diseases"] = [
            {"diseaseCode": term(code), "ageOfOnset": {"iso8601duration": years(onset)}}
            for code, onset in person.diseases
        ]
    if person.features:
        record["phenotypicFeatures"] = [{"featureType": term(one)} for one in person.features]
    return record


def years(number: int) -> str:
    """An age as ISO 8601 writes a duration."""
    return f"P{number}Y"


def biosample(person: Person) -> dict[str, object]:
    """The sample somebody gave."""
    return {
        "id": person.sample_id,
        "individualId": person.id,
        "biosampleStatus": term(person.sample_status),
        "collectionDate": _SEQUENCED[person.dataset],
        "collectionMoment": years(person.age),
        "sampleOriginType": term(person.tissue),
    }


def run(person: Person) -> dict[str, object]:
    """The sequencing of a sample."""
    return {
        "id": person.run_id,
        "biosampleId": person.sample_id,
        "individualId": person.id,
        "libraryLayout": "PAIRED",
        "librarySelection": "RANDOM",
        "librarySource": term("GENEPIO:0001966"),
        "libraryStrategy": STRATEGIES[person.dataset],
        "platform": "Illumina",
        "platformModel": term(_SEQUENCERS[person.dataset]),
        "runDate": _SEQUENCED[person.dataset],
    }


def analysis(person: Person) -> dict[str, object]:
    """The analysis of a run."""
    return {
        "id": person.analysis_id,
        "runId": person.run_id,
        "biosampleId": person.sample_id,
        "individualId": person.id,
        "aligner": "bwa-0.7.17",
        "analysisDate": _ANALYSED[person.dataset],
        "pipelineName": "demo-short-variants",
        "pipelineRef": f"{HOME}/pipelines/short-variants",
        "variantCaller": "GATK4.0",
    }


def cohort(cohort_id: str, members: Sequence[Person]) -> dict[str, object]:
    """A cohort as a collection record."""
    sexes = sorted({person.sex for person in members})
    return {
        "id": cohort_id,
        "name": COHORTS[cohort_id],
        "cohortType": "study-defined",
        "cohortSize": len(members),
        "inclusionCriteria": {"genders": [term(SEXES[sex]) for sex in sexes]},
    }


def dataset(dataset_id: str) -> dict[str, object]:
    """A data set as a collection record."""
    name, description = DATASETS[dataset_id]
    return {
        "id": dataset_id,
        "name": name,
        "description": description,
        "createDateTime": "2021-12-29T20:33:40Z",
        "updateDateTime": _UPDATED,
        "version": "v1.0",
        "externalUrl": f"{HOME}/datasets/{dataset_id}",
        "dataUseConditions": {
            "duoDataUse": [
                {"id": "DUO:0000019", "label": "publication required", "version": "7-1-19"}
            ]
        },
    }


def internal_id(held: Holding) -> str:
    """A stable identifier that means nothing outside this beacon."""
    return hashlib.sha256(f"{held.dataset}:{held.variant.hgvs}".encode()).hexdigest()


def variant(held: Holding, carriers: Iterable[Person]) -> dict[str, object]:
    """A variant record; the allele is as VCF anchors it, 0-based."""
    attributes: dict[str, object] = {}
    if held.variant.gene:
        attributes["geneIds"] = [held.variant.gene]
    if held.variant.aminoacid:
        attributes["aminoacidChanges"] = [held.variant.aminoacid]
    cases = [
        {
            "biosampleId": person.sample_id,
            "individualId": person.id,
            "runId": person.run_id,
            "analysisId": person.analysis_id,
        }
        for person in carriers
    ]
    return {
        "frequencyInPopulations": [_frequencies(held)],
        "identifiers": _identifiers(held),
        **({"molecularAttributes": attributes} if attributes else {}),
        **({"caseLevelData": cases} if cases else {}),
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
