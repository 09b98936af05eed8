"""What the records of several entry types are made of: default model of Beacon v2.1.1.

Specification: https://github.com/ga4gh-beacon/beacon-v2, tag v2.1.1, folder
models/json/beacon-v2-default-model/common. Dates without a time are any text there, as the
specification's own validation leaves them.
"""

from typing import Final

from aggregator.watch.conformance.shapes import ListOf, Number, Object, OneOf, one_word_of
from aggregator.watch.conformance.v2_framework import (
    CURIE,
    ONTOLOGY_TERM,
    TEXT,
    TIMESTAMP,
    TRUTH,
    WHOLE,
)

MODEL: Final = (
    "https://github.com/ga4gh-beacon/beacon-v2/blob/v2.1.1/models/json/beacon-v2-default-model/"
)
_COMMON: Final = f"{MODEL}common/"

DATE: Final = TEXT
NUMBER: Final = Number()
TERMS: Final = ListOf(ONTOLOGY_TERM)
KARYOTYPIC_SEX: Final = one_word_of(
    *("UNKNOWN_KARYOTYPE", "XX", "XY", "XO", "XXY", "XXX", "XXYY", "XXXY", "XXXX", "XYY"),
    "OTHER_KARYOTYPE",
)

AGE: Final = Object(
    "an age (iso8601duration)",
    required={"iso8601duration": TEXT},
    source=f"{_COMMON}age.json",
)
AGE_RANGE: Final = Object(
    "an age range (start, end)",
    required={"start": AGE, "end": AGE},
    source=f"{_COMMON}ageRange.json",
)
_GESTATIONAL_AGE: Final = Object(
    "a gestational age (weeks, days)",
    required={"weeks": WHOLE},
    optional={"days": WHOLE},
    source=f"{_COMMON}gestationalAge.json",
)
_TIME_INTERVAL: Final = Object(
    "a time interval (start, end)",
    required={"start": TIMESTAMP, "end": TIMESTAMP},
    is_closed=True,
    source=f"{_COMMON}timeInterval.json",
)
TIME_ELEMENT: Final = OneOf(
    "an age, age range, gestational age, time interval or ontology term",
    *(AGE, AGE_RANGE, _GESTATIONAL_AGE, _TIME_INTERVAL, ONTOLOGY_TERM),
    source=f"{_COMMON}timeElement.json",
)
"""The specification lists a timestamp as well, but wants an object, which no timestamp is."""

_REFERENCE_RANGE: Final = Object(
    "a reference range (unit, low, high)",
    required={"unit": ONTOLOGY_TERM, "low": NUMBER, "high": NUMBER},
    source=f"{_COMMON}referenceRange.json",
)
QUANTITY: Final = Object(
    "a quantity (unit, value)",
    required={"unit": ONTOLOGY_TERM, "value": NUMBER},
    optional={"referenceRange": _REFERENCE_RANGE},
    source=f"{_COMMON}quantity.json",
)
_VALUE: Final = OneOf(
    "a quantity or an ontology term", QUANTITY, ONTOLOGY_TERM, source=f"{_COMMON}value.json"
)
_COMPLEX_VALUE: Final = Object(
    "a complex value (typedQuantities)",
    required={
        "typedQuantities": ListOf(
            Object(
                "a typed quantity (quantityType, quantity)",
                required={"quantityType": ONTOLOGY_TERM, "quantity": QUANTITY},
                is_loose=True,
            )
        )
    },
    source=f"{_COMMON}complexValue.json",
)
EXTERNAL_REFERENCE: Final = Object(
    "an external reference",
    optional={"id": TEXT, "notes": TEXT, "reference": TEXT},
    source=f"{_COMMON}externalReference.json",
)
_EVIDENCE: Final = Object(
    "an evidence (evidenceCode)",
    required={"evidenceCode": ONTOLOGY_TERM},
    optional={"reference": EXTERNAL_REFERENCE},
    source=f"{_COMMON}evidence.json",
)
DISEASE: Final = Object(
    "a disease (diseaseCode)",
    required={"diseaseCode": ONTOLOGY_TERM},
    optional={
        "ageOfOnset": TIME_ELEMENT,
        "familyHistory": TRUTH,
        "notes": TEXT,
        **{"severity": ONTOLOGY_TERM, "stage": ONTOLOGY_TERM},
    },
    source=f"{_COMMON}disease.json",
)
PHENOTYPIC_FEATURE: Final = Object(
    "a phenotypic feature (featureType)",
    required={"featureType": ONTOLOGY_TERM},
    optional={
        **{"evidence": _EVIDENCE, "excluded": TRUTH, "modifiers": TERMS, "notes": TEXT},
        **{"onset": TIME_ELEMENT, "resolution": TIME_ELEMENT, "severity": ONTOLOGY_TERM},
    },
    source=f"{_COMMON}phenotypicFeature.json",
)
PROCEDURE: Final = Object(
    "a procedure (procedureCode)",
    required={"procedureCode": ONTOLOGY_TERM},
    optional={
        **{"ageAtProcedure": TIME_ELEMENT, "bodySite": ONTOLOGY_TERM, "dateOfProcedure": DATE}
    },
    source=f"{_COMMON}procedure.json",
)
MEASUREMENT: Final = Object(
    "a measurement (assayCode, measurementValue)",
    required={
        "assayCode": ONTOLOGY_TERM,
        "measurementValue": OneOf(
            "a quantity, an ontology term or a complex value", _VALUE, _COMPLEX_VALUE
        ),
    },
    optional={
        **{"date": DATE, "notes": TEXT},
        **{"observationMoment": TIME_ELEMENT, "procedure": PROCEDURE},
    },
    source=f"{_COMMON}measurement.json",
)
EXPOSURE: Final = Object(
    "an exposure (exposureCode, ageAtExposure, unit, duration)",
    required={
        **{"exposureCode": ONTOLOGY_TERM, "ageAtExposure": AGE},
        **{"unit": ONTOLOGY_TERM, "duration": TEXT},
    },
    optional={"date": DATE, "value": NUMBER},
    source=f"{_COMMON}exposure.json",
)
_DOSE_INTERVAL: Final = Object(
    "a dose interval (quantity, interval, scheduleFrequency)",
    required={
        **{"quantity": QUANTITY, "interval": _TIME_INTERVAL},
        "scheduleFrequency": ONTOLOGY_TERM,
    },
    is_closed=True,
    source=f"{_COMMON}doseInterval.json",
)
TREATMENT: Final = Object(
    "a treatment (treatmentCode)",
    required={"treatmentCode": ONTOLOGY_TERM},
    optional={
        **{"ageAtOnset": AGE, "cumulativeDose": QUANTITY},
        **{"doseIntervals": ListOf(_DOSE_INTERVAL), "routeOfAdministration": ONTOLOGY_TERM},
    },
    source=f"{_COMMON}treatment.json",
)
PEDIGREE: Final = Object(
    "a pedigree (id, disease, members)",
    required={
        "id": TEXT,
        "disease": DISEASE,
        "members": ListOf(
            Object(
                "a pedigree member (memberId, role, affected)",
                required={"memberId": TEXT, "role": ONTOLOGY_TERM, "affected": TRUTH},
            ),
            at_least=1,
        ),
    },
    optional={"numSubjects": WHOLE},
    source=f"{_COMMON}pedigree.json",
)
DATA_USE_CONDITIONS: Final = Object(
    "an object with duoDataUse",
    optional={
        "duoDataUse": ListOf(
            Object(
                "a DUO term with version",
                required={"id": CURIE, "version": TEXT},
                optional={"label": TEXT, "modifiers": TERMS},
            ),
            at_least=1,
        )
    },
    source=f"{_COMMON}dataUseConditions.json",
)
