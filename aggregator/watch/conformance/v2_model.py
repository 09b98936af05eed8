"""The records and collections of the seven entry types: default model of Beacon v2.1.1.

Specification: https://github.com/ga4gh-beacon/beacon-v2, tag v2.1.1, folder
models/json/beacon-v2-default-model. Of objects of the Variation Representation Specification
(VRS), which the model points to and does not hold, only the `type` is judged.
"""

from collections.abc import Mapping
from typing import Final

from aggregator.watch.conformance.shapes import ListOf, Object, OneOf, matching, one_word_of
from aggregator.watch.conformance.v2_framework import (
    INFO,
    ONTOLOGY_TERM,
    TEXT,
    TEXTS,
    TIMESTAMP,
    TRUTH,
    WHOLE,
)
from aggregator.watch.conformance.v2_model_parts import (
    AGE_RANGE,
    DATA_USE_CONDITIONS,
    DATE,
    DISEASE,
    EXPOSURE,
    EXTERNAL_REFERENCE,
    KARYOTYPIC_SEX,
    MEASUREMENT,
    MODEL,
    NUMBER,
    PEDIGREE,
    PHENOTYPIC_FEATURE,
    PROCEDURE,
    TERMS,
    TREATMENT,
)

# Genomic variants

_BASES: Final = matching(
    r"^([ACGTUNRYSWKMBDHV\-\.]*)$", "bases, in capital IUPAC letters", "a sequence of bases"
)
_VRS_VARIATION: Final = Object(
    "a VRS variation",
    required={
        "type": one_word_of(
            "Allele", "Haplotype", "CopyNumberChange", "CopyNumberCount", "Genotype"
        )
    },
)
_LEGACY_VARIATION: Final = Object(
    "a legacy variation (variantType, alternateBases, location)",
    required={
        "variantType": TEXT,
        "alternateBases": _BASES,
        "location": Object(
            "a VRS location",
            required={"type": one_word_of("ChromosomeLocation", "SequenceLocation")},
        ),
    },
    optional={"referenceBases": _BASES},
)
_EFFECTS: Final = ListOf(
    Object(
        "an effect or interpretation (conditionId, effect)",
        required={"conditionId": TEXT, "effect": ONTOLOGY_TERM},
        optional={
            "category": ONTOLOGY_TERM,
            "evidenceType": ONTOLOGY_TERM,
            "clinicalRelevance": one_word_of(
                *("benign", "likely benign", "uncertain significance", "likely pathogenic"),
                "pathogenic",
            ),
            "annotatedWith": Object(
                "a tool (toolName, version, toolReferences)",
                required={
                    **{"toolName": TEXT, "version": TEXT},
                    "toolReferences": Object("an object of one or more references", at_least=1),
                },
            ),
        },
    )
)
_CASE: Final = Object(
    "a case (biosampleId)",
    required={"biosampleId": TEXT},
    optional={
        **{"id": TEXT, "individualId": TEXT, "runId": TEXT, "analysisId": TEXT},
        **{"alleleOrigin": ONTOLOGY_TERM, "zygosity": ONTOLOGY_TERM},
        **{"clinicalInterpretations": _EFFECTS, "phenotypicEffects": _EFFECTS},
    },
)
_FREQUENCIES: Final = Object(
    "frequencies in populations (source, sourceReference, frequencies)",
    required={
        **{"source": TEXT, "sourceReference": TEXT},
        "frequencies": ListOf(
            Object(
                "a frequency (population, alleleFrequency)",
                required={"population": TEXT, "alleleFrequency": NUMBER},
            ),
            at_least=1,
        ),
    },
    optional={"version": TEXT},
)
_IDENTIFIERS: Final = Object(
    "identifiers of the variant",
    optional={
        "clinvarVariantId": matching(
            r"^(clinvar:)?\d+$", "a ClinVar id, such as clinvar:12345", "a ClinVar id"
        ),
        **{"genomicHGVSId": TEXT, "proteinHGVSIds": TEXTS, "transcriptHGVSIds": TEXTS},
        "variantAlternativeIds": ListOf(EXTERNAL_REFERENCE),
    },
)
_MOLECULAR_ATTRIBUTES: Final = Object(
    "molecular attributes of the variant",
    optional={
        **{"aminoacidChanges": TEXTS, "geneIds": TEXTS, "molecularEffects": TERMS},
        "genomicFeatures": ListOf(
            Object(
                "a genomic feature (featureClass)",
                required={"featureClass": ONTOLOGY_TERM},
                optional={"featureID": ONTOLOGY_TERM},
            )
        ),
    },
)
GENOMIC_VARIANT: Final = Object(
    "a genomic variant (variantInternalId, variation)",
    required={
        "variantInternalId": TEXT,
        "variation": OneOf(
            "a VRS variation or a legacy variation", _VRS_VARIATION, _LEGACY_VARIATION
        ),
    },
    optional={
        "identifiers": _IDENTIFIERS,
        "molecularAttributes": _MOLECULAR_ATTRIBUTES,
        "variantLevelData": Object(
            "an object with clinicalInterpretations and phenotypicEffects",
            optional={"clinicalInterpretations": _EFFECTS, "phenotypicEffects": _EFFECTS},
        ),
        "caseLevelData": ListOf(_CASE),
        "frequencyInPopulations": ListOf(_FREQUENCIES),
    },
    source=f"{MODEL}genomicVariations/defaultSchema.json",
)

# Individuals and what is made of them

INDIVIDUAL: Final = Object(
    "an individual (id, sex)",
    required={"id": TEXT, "sex": ONTOLOGY_TERM},
    optional={
        **{"karyotypicSex": KARYOTYPIC_SEX, "info": INFO},
        **{"ethnicity": ONTOLOGY_TERM, "geographicOrigin": ONTOLOGY_TERM},
        **{"diseases": ListOf(DISEASE), "exposures": ListOf(EXPOSURE)},
        **{"interventionsOrProcedures": ListOf(PROCEDURE), "measures": ListOf(MEASUREMENT)},
        **{"pedigrees": ListOf(PEDIGREE), "phenotypicFeatures": ListOf(PHENOTYPIC_FEATURE)},
        "treatments": ListOf(TREATMENT),
    },
    source=f"{MODEL}individuals/defaultSchema.json",
)
BIOSAMPLE: Final = Object(
    "a biosample (id, biosampleStatus, sampleOriginType)",
    required={"id": TEXT, "biosampleStatus": ONTOLOGY_TERM, "sampleOriginType": ONTOLOGY_TERM},
    optional={
        **{"individualId": TEXT, "collectionDate": DATE, "collectionMoment": TEXT},
        **{"notes": TEXT, "info": INFO, "obtentionProcedure": PROCEDURE},
        **{"sampleOriginDetail": ONTOLOGY_TERM, "sampleProcessing": ONTOLOGY_TERM},
        **{"sampleStorage": ONTOLOGY_TERM, "histologicalDiagnosis": ONTOLOGY_TERM},
        **{"pathologicalStage": ONTOLOGY_TERM, "pathologicalTnmFinding": TERMS},
        **{"tumorGrade": ONTOLOGY_TERM, "tumorProgression": ONTOLOGY_TERM},
        **{"diagnosticMarkers": TERMS, "measurements": ListOf(MEASUREMENT)},
        "phenotypicFeatures": ListOf(PHENOTYPIC_FEATURE),
    },
    source=f"{MODEL}biosamples/defaultSchema.json",
)
RUN: Final = Object(
    "a run (id, biosampleId, runDate)",
    required={"id": TEXT, "biosampleId": TEXT, "runDate": DATE},
    optional={
        **{"individualId": TEXT, "info": INFO},
        **{"libraryLayout": one_word_of("PAIRED", "SINGLE"), "librarySelection": TEXT},
        **{"librarySource": ONTOLOGY_TERM, "libraryStrategy": TEXT},
        **{"platform": TEXT, "platformModel": ONTOLOGY_TERM},
    },
    source=f"{MODEL}runs/defaultSchema.json",
)
ANALYSIS: Final = Object(
    "an analysis (id, analysisDate, pipelineName)",
    required={"id": TEXT, "analysisDate": DATE, "pipelineName": TEXT},
    optional={
        **{"runId": TEXT, "biosampleId": TEXT, "individualId": TEXT, "info": INFO},
        **{"aligner": TEXT, "pipelineRef": TEXT, "variantCaller": TEXT},
    },
    source=f"{MODEL}analyses/defaultSchema.json",
)

# Collections

DATASET: Final = Object(
    "a data set (id, name)",
    required={"id": TEXT, "name": TEXT},
    optional={
        **{"createDateTime": TIMESTAMP, "updateDateTime": TIMESTAMP},
        **{"description": TEXT, "version": TEXT, "externalUrl": TEXT, "info": INFO},
        "dataUseConditions": DATA_USE_CONDITIONS,
    },
    source=f"{MODEL}datasets/defaultSchema.json",
)
_CRITERIA: Final = Object(
    "criteria of a cohort",
    optional={
        **{"ageRange": AGE_RANGE, "genders": TERMS, "locations": TERMS, "ethnicities": TERMS},
        **{"diseaseConditions": ListOf(DISEASE)},
        **{"phenotypicConditions": ListOf(PHENOTYPIC_FEATURE)},
    },
)
_AVAILABILITY: Final = Object(
    "availability and distribution of data (availability)",
    required={"availability": TRUTH},
    optional={
        "availabilityCount": WHOLE,
        "distribution": Object("an object of objects", others=Object("an object")),
    },
)
_COLLECTION_EVENT: Final = Object(
    "a collection event",
    optional={
        **{"eventNum": WHOLE, "eventSize": WHOLE, "eventCases": WHOLE, "eventControls": WHOLE},
        "eventDate": DATE,
        "eventTimeline": Object(
            "an object with start and end", optional={"start": DATE, "end": DATE}
        ),
        **{"eventAgeRange": _AVAILABILITY, "eventDataTypes": _AVAILABILITY},
        **{"eventDiseases": _AVAILABILITY, "eventEthnicities": _AVAILABILITY},
        **{"eventGenders": _AVAILABILITY, "eventLocations": _AVAILABILITY},
        "eventPhenotypes": _AVAILABILITY,
    },
)
COHORT: Final = Object(
    "a cohort (id, name, cohortType)",
    required={
        **{"id": TEXT, "name": TEXT},
        "cohortType": one_word_of("study-defined", "beacon-defined", "user-defined"),
    },
    optional={
        **{"cohortSize": WHOLE, "cohortDesign": ONTOLOGY_TERM, "cohortDataTypes": TERMS},
        **{"inclusionCriteria": _CRITERIA, "exclusionCriteria": _CRITERIA},
        "collectionEvents": ListOf(_COLLECTION_EVENT),
    },
    source=f"{MODEL}cohorts/defaultSchema.json",
)

RECORDS: Final[Mapping[str, Object]] = {
    "genomicVariant": GENOMIC_VARIANT,
    "individual": INDIVIDUAL,
    "biosample": BIOSAMPLE,
    "run": RUN,
    "analysis": ANALYSIS,
    "dataset": DATASET,
    "cohort": COHORT,
}
"""The shape of a record by its entry type."""
