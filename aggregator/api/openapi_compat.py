"""The OpenAPI descriptions of what is served for the pages of other networks."""

from typing import Final

from aggregator.api.openapi_schemas import Document, text
from aggregator.protocol.documents_v1_rows import ERROR_STATUSES
from aggregator.protocol.requests_csc import RECORD, SEARCH_BY, SEARCH_IN


def _parameter(name: str, schema: Document, what: str) -> Document:
    return {"name": name, "in": "query", "description": what, "schema": schema}


CSC_QUERY: Final = (
    _parameter(SEARCH_IN, text(), "The entry type to list, its name or path; else variants."),
    _parameter(RECORD, text(), f"Of the record that what is listed belongs to; with {SEARCH_BY}."),
    _parameter(SEARCH_BY, text(), f"The entry type of {RECORD}, its name or path."),
    _parameter("filters", text(), "As in version 2; the word `filter` alone is none."),
)
ENDPOINT_QUERY: Final = (
    {**_parameter("endpoint", text(), "The base address of a beacon."), "required": True},
)

CSC_ANSWER: Final[Document] = {
    "type": "object",
    "description": "What one member said, as Beacon 1.1 says it; `exists` is null for no answer.",
    "properties": {
        "beaconId": text(),
        "apiVersion": text(),
        "service": text("The member's address."),
        "exists": {"type": ["boolean", "null"]},
        "responseStatus": {
            "type": "integer",
            "enum": list(ERROR_STATUSES),
            "description": "Only without an answer.",
        },
        "error": {
            "type": "object",
            "properties": {"errorCode": {"type": "integer"}, "errorMessage": text()},
            "required": ["errorCode", "errorMessage"],
        },
        "datasetAlleleResponses": {"type": "array", "items": {"type": "object"}},
        "info": {"type": "object"},
    },
    "required": ["beaconId", "apiVersion", "service", "exists", "datasetAlleleResponses", "info"],
}

BEACON_PROBLEM: Final[Document] = {
    "type": "object",
    "properties": {
        "code": {"type": "string", "enum": ["document", "not-recognised"]},
        "path": text("Of the document, below the beacon's address."),
        "location": text("The address of the document."),
        "message": text(),
    },
    "required": ["code", "path", "location", "message"],
}
