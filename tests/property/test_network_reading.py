"""Laws of reading member networks: nothing raises, and nobody's silence becomes a no."""

from hypothesis import given
from hypothesis import strategies as st

from aggregator.model.answer import Answer, Exists
from aggregator.protocol import beacon_network, csc
from aggregator.protocol.leaves import is_silent
from aggregator.protocol.wire import Ask, Failure
from tests.unit.protocol.building import BRCA1, member, question, reply

QUESTION = question(**BRCA1)
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
VERDICTS = st.sampled_from([True, False, None, "true", "NO", "maybe"])
IDS = st.sampled_from(["a", "b", "c", "group"])


def rows():
    beacon = st.fixed_dictionaries(
        {"id": IDS},
        optional={
            "aggregator": st.booleans() | ANYTHING,
            "aggregatedBeacons": st.lists(IDS, max_size=3) | ANYTHING,
            "supportedReferences": st.lists(st.sampled_from(["HG19", "HG38"])) | ANYTHING,
        },
    )
    return st.fixed_dictionaries(
        {"beacon": beacon | ANYTHING, "response": VERDICTS | ANYTHING},
        optional={"query": ANYTHING, "frequency": ANYTHING, "externalUrl": ANYTHING},
    )


def v1_answers():
    return st.none() | st.fixed_dictionaries(
        {},
        optional={
            "beaconId": IDS | ANYTHING,
            "exists": VERDICTS | ANYTHING,
            "responseStatus": st.integers(100, 600) | ANYTHING,
            "service": st.text(max_size=10),
            "datasetAlleleResponses": ANYTHING,
            "info": ANYTHING,
        },
    )


def read(translator, name, document):
    asking = translator.plan(QUESTION, member(name))
    assert isinstance(asking, Ask)
    result = translator.read(reply(document), QUESTION, member(name), asking.parts[0])
    assert isinstance(result, (Answer, Failure))
    silent = any(is_silent(leaf) for leaf in result.leaves)
    if isinstance(result, Answer):
        assert result.exists is not Exists.UNKNOWN
        assert not (silent and result.exists is Exists.NO)
        assert result.is_partial or not silent
    return result


@given(st.lists(rows() | ANYTHING, max_size=5) | ANYTHING)
def test_rows_of_any_shape_are_read(document):
    read(beacon_network, "beacon-network", document)


@given(st.lists(rows(), min_size=1, max_size=5))
def test_no_rows_make_a_no_without_a_no_of_their_own(document):
    result = read(beacon_network, "beacon-network", document)
    if isinstance(result, Answer) and result.exists is Exists.NO:
        assert any(str(one["response"]).lower() in {"false", "no", "0"} for one in document)


@given(st.lists(st.lists(v1_answers(), max_size=3) | v1_answers() | ANYTHING, max_size=5))
def test_lists_of_any_shape_are_read(document):
    read(csc, "csc", document)


@given(st.lists(v1_answers(), min_size=1, max_size=5))
def test_an_element_that_is_null_makes_no_no(document):
    result = read(csc, "csc", [*document, None])
    assert isinstance(result, Failure) or result.exists is Exists.YES
