"""The rules for version 2, from v2.1.1 of the framework and the default model."""

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

_FRAMEWORK: Final = "https://github.com/ga4gh-beacon/beacon-v2/blob/v2.1.1/framework"
_MODEL: Final = (
    "https://github.com/ga4gh-beacon/beacon-v2/blob/v2.1.1/models/json/beacon-v2-default-model"
)
_RESPONSES: Final = f"{_FRAMEWORK}/json/responses"
_REQUESTS: Final = f"{_FRAMEWORK}/json/requests"
_COMMON: Final = f"{_FRAMEWORK}/json/common/beaconCommonComponents.json"
_META: Final = f"{_RESPONSES}/sections/beaconResponseMeta.json"
_ECHO: Final = f"{_RESPONSES}/sections/beaconReceivedRequestSummary.json"
_QUESTIONS: Final = "https://docs.genomebeacons.org/variant-queries/"
_PARAMETERS: Final = f"{_MODEL}/genomicVariations/requestParameters.json"
_INCLUDE_FIX: Final = "Choose the result sets by includeResultsetResponses before you answer."

V2: Final = by_id(
    Rule(
        "v2.root.schema", N_("Description at /"), COMPLETE, f"{_RESPONSES}/beaconInfoResponse.json"
    ),
    Rule(
        "v2.info.schema",
        N_("Description at /info"),
        COMPLETE,
        f"{_RESPONSES}/beaconInfoResponse.json",
    ),
    Rule(
        "v2.service_info.schema",
        N_("GA4GH service document (/service-info)"),
        COMPLETE,
        "https://github.com/ga4gh-discovery/ga4gh-service-info/blob/v1.0.0/service-info.yaml",
    ),
    Rule(
        "v2.configuration.schema",
        N_("Configuration (/configuration)"),
        COMPLETE,
        f"{_RESPONSES}/beaconConfigurationResponse.json",
    ),
    Rule(
        "v2.map.schema",
        N_("Places of its questions (/map)"),
        COMPLETE,
        f"{_RESPONSES}/beaconMapResponse.json",
    ),
    Rule(
        "v2.entry_types.schema",
        N_("Entry types (/entry_types)"),
        COMPLETE,
        f"{_RESPONSES}/beaconEntryTypesResponse.json",
    ),
    Rule(
        "v2.filtering_terms.schema",
        N_("Filters (/filtering_terms)"),
        COMPLETE,
        f"{_RESPONSES}/beaconFilteringTermsResponse.json",
    ),
    Rule(
        "v2.answer.boolean",
        N_("Answer with yes or no"),
        COMPLETE,
        f"{_RESPONSES}/beaconBooleanResponse.json",
    ),
    Rule(
        "v2.answer.count",
        N_("Answer with a count"),
        COMPLETE,
        f"{_RESPONSES}/beaconCountResponse.json",
    ),
    Rule(
        "v2.answer.record",
        N_("Answer with variants"),
        COMPLETE,
        f"{_MODEL}/genomicVariations/defaultSchema.json",
    ),
    *(
        Rule(f"v2.answer.{name}", title, COMPLETE, f"{_MODEL}/{folder}/defaultSchema.json")
        for name, title, folder in (
            ("individual", N_("Answer with individuals"), "individuals"),
            ("biosample", N_("Answer with biosamples"), "biosamples"),
            ("run", N_("Answer with sequencing runs"), "runs"),
            ("analysis", N_("Answer with analyses"), "analyses"),
            ("dataset", N_("List of data sets"), "datasets"),
            ("cohort", N_("List of cohorts"), "cohorts"),
        )
    ),
    Rule(
        "v2.answer.filter",
        N_("Answer to a filter it lists"),
        "Take every filter that /filtering_terms lists, and answer as without it.",
        f"{_REQUESTS}/filteringTerms.json",
    ),
    Rule(
        "v2.form.get",
        N_("Takes a GET as the specification writes it"),
        FORM_FIX,
        _QUESTIONS,
    ),
    Rule(
        "v2.form.post",
        N_("Takes a POST as the specification writes it"),
        FORM_FIX,
        f"{_REQUESTS}/beaconRequestBody.json",
    ),
    Rule(
        "v2.granularity.boolean",
        N_("Asked for yes or no, it tells no more"),
        "Leave counts and records out, and say returnedGranularity: boolean, where "
        "requestedGranularity is boolean.",
        _COMMON,
    ),
    Rule(
        "v2.granularity.count",
        N_("Asked for a count, it sends no records"),
        "Leave records out where requestedGranularity is count; tell a count or less.",
        _COMMON,
    ),
    Rule(
        "v2.granularity.told",
        N_("Says truly how much it tells"),
        "Write into returnedGranularity what the answer holds.",
        _META,
    ),
    *(
        Rule(
            f"v2.include.{word.lower()}", title, _INCLUDE_FIX, f"{_REQUESTS}/beaconRequestBody.json"
        )
        for word, title in (
            ("ALL", N_("ALL: every result set is listed")),
            ("HIT", N_("HIT: only result sets with a match")),
            ("MISS", N_("MISS: only result sets without a match")),
            ("NONE", N_("NONE: no result sets")),
        )
    ),
    Rule(
        "v2.page.limit",
        N_("A page is no longer than its limit"),
        "Send at most so many records as limit says.",
        f"{_REQUESTS}/beaconRequestBody.json",
    ),
    Rule(
        "v2.page.skip",
        N_("The next page goes on where the last ended"),
        "Let skip leave out so many pages of limit records, in a stable order.",
        f"{_REQUESTS}/beaconRequestBody.json",
    ),
    Rule(
        "v2.echo",
        N_("Repeats truly what it was asked"),
        "Write into receivedRequestSummary what this request said.",
        _ECHO,
    ),
    Rule(
        "v2.error.incomplete",
        N_("Refuses a start without a chromosome"),
        REFUSE_FIX,
        _QUESTIONS,
    ),
    Rule(
        "v2.error.invalid",
        N_("Refuses a start that is no number"),
        REFUSE_FIX,
        _PARAMETERS,
    ),
    Rule(
        "v2.error.document",
        N_("Refuses with an error document"),
        "Answer refusals with an error document: meta, and error with code and message.",
        f"{_RESPONSES}/beaconErrorResponse.json",
    ),
    Rule(
        "v2.beacon_id",
        N_("Has one id in everything it says"),
        "Write the id of /info into meta.beaconId everywhere.",
        _META,
    ),
    Rule(
        "v2.api_version",
        N_("States one version 2 of the API in everything it says"),
        "Write the apiVersion of /info into meta.apiVersion everywhere.",
        _META,
    ),
    Rule(
        "v2.ids",
        N_("Ids are unique"),
        "Give every data set, result set and record of a list an id of its own.",
        _COMMON,
    ),
    Rule(
        "v2.content_type",
        N_("Says that it sends JSON"),
        TYPE_FIX,
        f"{_FRAMEWORK}/json/endpoints.json",
    ),
    Rule("v2.cors", N_("Pages of other sites may read it (CORS)"), CORS_FIX, CORS),
)
