"""Server software told by its documents, and how it is asked then."""

import pytest

from aggregator.protocol.software import Software, dialect_of, guess_software
from registry.capabilities import Document
from registry.models import Dialect

RI_MAP = {
    "response": {
        "endpointSets": {"genomicVariant": {"singleEntryUrl": "x/g_variants/{variantInternalId}"}}
    }
}
PI_META = {"meta": {"returnedSchemas": [{"schema": "info-v2.2.0"}]}, "response": {"id": "x"}}


@pytest.mark.parametrize(
    ("documents", "software"),
    [
        ({Document.INFO: PI_META}, Software.EGA_PI),
        ({Document.MAP: RI_MAP}, Software.EGA_RI),
        ({Document.SERVICE_INFO: {"bento": {"serviceKind": "beacon"}}}, Software.BENTO),
        ({Document.INFO: {"meta": {"apiVersion": "v2.3.0-beaconplus"}}}, Software.BYCON),
        ({Document.INFO: {"response": {"id": "org.progenetix"}}}, Software.BYCON),
        ({Document.INFO: {"response": {"id": "au.csiro.beacon"}}}, Software.SBEACON),
        (
            {Document.INFO: {"meta": {"isAggregated": True}, "responses": [], "response": {}}},
            Software.ELIXIR_NETWORK,
        ),
        (
            {Document.INFO: {"response": {"info": {"metadata_errors": []}}}},
            Software.ELIXIR_NETWORK,
        ),
        ({Document.ENTRY_TYPES: {"info": {"network": {}}}}, Software.OURS),
        (
            {Document.INFO: {"description": "Beacon API Web Server based on the GA4GH Beacon API"}},
            Software.BEACON_PYTHON,
        ),
        (
            {
                Document.INFO: {
                    "welcomeUrl": "https://x.org/apiv1.0/query_form",
                    "updateDateTime": "Fri, 20 Nov 2026 22:03:16 GMT",
                }
            },
            Software.CGBEACON2,
        ),
    ],
)
def test_software_is_told_by_its_marks(documents, software):
    assert guess_software(documents) is software


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"meta": None, "response": None},
        {"meta": {"returnedSchemas": [{"entityType": "info", "schema": "info-v2.0.0"}]}},
        {"meta": {"returnedSchemas": "x"}, "response": {"id": 7, "name": ["x"]}},
        {"info": {"network": None}, "response": {"endpointSets": []}, "bento": "no"},
    ],
)
def test_without_a_mark_nothing_is_guessed(document):
    assert guess_software(dict.fromkeys(Document, document)) is None


def test_the_dialect_of_a_software_is_what_it_is_known_to_need():
    told = dialect_of("EGA beacon2-pi-api")
    assert told.concurrent is False
    assert told.windows == "inclusive"
    assert dialect_of("EGA beacon2-ri-api").unknown_filters == "empty"


@pytest.mark.parametrize("name", [None, "", "something else", Software.OURS])
def test_other_software_takes_the_default_form(name):
    assert dialect_of(name) == Dialect()
