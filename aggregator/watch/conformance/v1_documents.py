"""The two documents of a Beacon of version 1: what it is, and its answer.

Specification: https://github.com/ga4gh-beacon/specification, beacon.yaml of branch develop
(1.1.0, never tagged) and of tag v1.0.1. What those files point to elsewhere (consent codes, ADA-M)
is judged no further than being an object.
"""

from dataclasses import dataclass
from typing import Final

from aggregator.watch.conformance.shapes import (
    ListOf,
    Number,
    Object,
    Shape,
    Text,
    Truth,
    Whole,
    matching,
    one_word_of,
)

_SPECIFICATION: Final = "https://github.com/ga4gh-beacon/specification/blob/"
_TEXT: Final = Text()
_WHOLE: Final = Whole()
_COUNT: Final = Whole("a whole number, 0 or more", minimum=0, bits=64)
_OBJECT: Final = Object("an object")
_CHROMOSOME: Final = one_word_of(*(str(number) for number in range(1, 23)), "X", "Y", "MT")
_ERROR: Final = Object(
    "an error (errorCode, errorMessage)",
    required={"errorCode": Whole("a whole number of 32 bits", bits=32)},
    optional={"errorMessage": _TEXT},
)
_HANDOVERS: Final = ListOf(
    Object(
        "a handover (handoverType, url)",
        required={
            "handoverType": Object(
                "a type of handover (id, label)", required={"id": _TEXT}, optional={"label": _TEXT}
            ),
            "url": _TEXT,
        },
        optional={"note": _TEXT},
    )
)
_KEYS_AND_VALUES: Final = ListOf(
    Object("an object with key and value", required={"key": _TEXT, "value": _TEXT})
)
_ADA_M: Final = Object(
    "data use conditions in ADA-M",
    required={
        **{"header": _OBJECT, "profile": _OBJECT},
        **{"terms": _OBJECT, "metaConditions": _OBJECT},
    },
)


@dataclass(frozen=True, slots=True)
class V1Documents:
    """The shapes of one release of version 1."""

    beacon: Object
    allele_response: Object


@dataclass(frozen=True, slots=True)
class _Release:
    """In what the releases of version 1 differ."""

    source: str
    info: Shape
    bases: Text
    adam: Shape
    has_mates: bool
    has_handovers: bool

    def documents(self) -> V1Documents:
        """Make the shapes of the release."""
        request = self._allele_request()
        return V1Documents(self._beacon(request), self._response(request))

    def _beacon(self, request: Object) -> Object:
        organization = Object(
            "an organization (id, name)",
            required={"id": _TEXT, "name": _TEXT},
            optional={
                **{"description": _TEXT, "address": _TEXT, "welcomeUrl": _TEXT},
                **{"contactUrl": _TEXT, "logoUrl": _TEXT, "info": self.info},
            },
        )
        return Object(
            "a beacon (id, name, apiVersion, organization, datasets)",
            required={
                **{"id": _TEXT, "name": _TEXT, "apiVersion": _TEXT, "organization": organization},
                "datasets": ListOf(self._data_set(), at_least=1),
            },
            optional={
                **{"description": _TEXT, "version": _TEXT},
                **{"welcomeUrl": _TEXT, "alternativeUrl": _TEXT},
                **{"createDateTime": _TEXT, "updateDateTime": _TEXT},
                **{"sampleAlleleRequests": ListOf(request), "info": self.info},
            },
            source=self.source,
        )

    def _data_set(self) -> Object:
        return Object(
            "a data set (id, name, assemblyId, createDateTime, updateDateTime)",
            required={
                **{"id": _TEXT, "name": _TEXT, "assemblyId": _TEXT},
                **{"createDateTime": _TEXT, "updateDateTime": _TEXT},
            },
            optional={
                **{"description": _TEXT, "version": _TEXT, "externalUrl": _TEXT},
                **{"variantCount": _COUNT, "callCount": _COUNT, "sampleCount": _COUNT},
                "info": self.info,
                "dataUseConditions": Object(
                    "conditions of use (consentCodeDataUse, adamDataUse)",
                    required={"consentCodeDataUse": _OBJECT, "adamDataUse": self.adam},
                ),
            },
        )

    def _allele_request(self) -> Object:
        return Object(
            "a question for an allele (referenceName, referenceBases, assemblyId)",
            required={
                **{"referenceName": _CHROMOSOME, "referenceBases": self.bases},
                "assemblyId": _TEXT,
            },
            optional={
                **{"start": _COUNT, "end": _WHOLE, "startMin": _WHOLE, "startMax": _WHOLE},
                **{"endMin": _WHOLE, "endMax": _WHOLE},
                **{"alternateBases": self.bases, "variantType": _TEXT},
                "datasetIds": ListOf(_TEXT),
                "includeDatasetResponses": one_word_of("ALL", "HIT", "MISS", "NONE"),
                **({"mateName": _CHROMOSOME} if self.has_mates else {}),
            },
        )

    def _response(self, request: Object) -> Object:
        row = Object(
            "the answer of a data set (datasetId)",
            required={"datasetId": _TEXT},
            optional={
                **{"exists": Truth(), "error": _ERROR, "note": _TEXT, "externalUrl": _TEXT},
                "frequency": Number("a number from 0 to 1", minimum=0, maximum=1),
                **{"variantCount": _COUNT, "callCount": _COUNT, "sampleCount": _COUNT},
                "info": self.info,
                **({"datasetHandover": _HANDOVERS} if self.has_handovers else {}),
            },
        )
        newer: dict[str, Shape] = {"info": self.info, "beaconHandover": _HANDOVERS}
        return Object(
            "an answer (beaconId)",
            required={"beaconId": _TEXT},
            optional={
                **{"apiVersion": _TEXT, "exists": Truth(), "error": _ERROR},
                **{"alleleRequest": request, "datasetAlleleResponses": ListOf(row)},
                **(newer if self.has_handovers else {}),
            },
            source=self.source,
        )


V1_1: Final = _Release(
    source=f"{_SPECIFICATION}develop/beacon.yaml",
    info=_OBJECT,
    bases=matching("^([ACGTN]+)$", "bases out of A, C, G, T and N", "a sequence of bases"),
    adam=_OBJECT,
    has_mates=True,
    has_handovers=True,
).documents()
"""Version 1.1.0."""

V1_0: Final = _Release(
    source=f"{_SPECIFICATION}v1.0.1/beacon.yaml",
    info=_KEYS_AND_VALUES,
    bases=matching(
        "^([ACGT]+|N)$", "bases out of A, C, G and T, or a single N", "a sequence of bases or N"
    ),
    adam=_ADA_M,
    has_mates=False,
    has_handovers=False,
).documents()
"""Version 1.0.1, by which members that state 1.0 are judged."""
