"""The rules for version 1, from its branch develop (1.1.0) and v1.0.1."""

from typing import Final

from aggregator.base.i18n import N_
from aggregator.watch.conformance.rule import (
    COMPLETE,
    CORS,
    CORS_FIX,
    FORM_FIX,
    REFUSE_FIX,
    TYPE_FIX,
    Rule,
    by_id,
)

_VERSION_1: Final = "https://github.com/ga4gh-beacon/specification/blob/develop/beacon.yaml"
_ROWS_FIX: Final = "Choose the rows by includeDatasetResponses before you answer."

V1: Final = by_id(
    Rule("v1.beacon.schema", N_("Description at /"), COMPLETE, _VERSION_1),
    Rule("v1.answer.schema", N_("Answer to a question"), COMPLETE, _VERSION_1),
    Rule("v1.form.get", N_("Takes a GET as the specification writes it"), FORM_FIX, _VERSION_1),
    Rule("v1.form.post", N_("Takes a POST as the specification writes it"), FORM_FIX, _VERSION_1),
    Rule(
        "v1.samples",
        N_("Answers its own sample questions"),
        "Give sampleAlleleRequests that your server answers with yes or no.",
        _VERSION_1,
    ),
    *(
        Rule(f"v1.include.{word.lower()}", title, _ROWS_FIX, _VERSION_1)
        for word, title in (
            ("ALL", N_("ALL: a row for every data set")),
            ("HIT", N_("HIT: only rows of data sets with a match")),
            ("MISS", N_("MISS: only rows of data sets without a match")),
            ("NONE", N_("NONE: no rows")),
        )
    ),
    Rule(
        "v1.exists",
        N_("Says yes or no, and neither beside an error"),
        "Say exists: true or false in every answer, and null only beside an error.",
        _VERSION_1,
    ),
    Rule(
        "v1.echo",
        N_("Repeats truly what it was asked"),
        "Write into alleleRequest what this request said, or leave it out.",
        _VERSION_1,
    ),
    Rule("v1.error.missing", N_("Refuses a question without a chromosome"), REFUSE_FIX, _VERSION_1),
    Rule("v1.error.invalid", N_("Refuses a start that is no number"), REFUSE_FIX, _VERSION_1),
    Rule(
        "v1.error.document",
        N_("Refuses with an error document"),
        "Answer refusals with the document of an answer: exists null, and error with its code.",
        _VERSION_1,
    ),
    Rule(
        "v1.beacon_id",
        N_("Has one id in everything it says"),
        "Write the id of the description into beaconId everywhere.",
        _VERSION_1,
    ),
    Rule(
        "v1.api_version",
        N_("States one version 1 of the API in everything it says"),
        "Write the apiVersion of the description into apiVersion everywhere.",
        _VERSION_1,
    ),
    Rule(
        "v1.ids",
        N_("Ids are unique and known"),
        "Give every data set an id of its own, and name no other in answers.",
        _VERSION_1,
    ),
    Rule("v1.content_type", N_("Says that it sends JSON"), TYPE_FIX, _VERSION_1),
    Rule("v1.cors", N_("Pages of other sites may read it (CORS)"), CORS_FIX, CORS),
)
