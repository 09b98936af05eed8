"""The entry types of Beacon v2 and the paths they are asked at (default model, endpoints.json).

Paths of the network, of members' maps and of explanations are read and written here alone.
"""

from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aggregator.model.query import GENOMIC_VARIANT, Query

INDIVIDUAL: Final = "individual"
BIOSAMPLE: Final = "biosample"
RUN: Final = "run"
ANALYSIS: Final = "analysis"
DATASET: Final = "dataset"
COHORT: Final = "cohort"

SCHEMAS: Final = "https://raw.githubusercontent.com/ga4gh-beacon/beacon-v2/main"
MODEL: Final = f"{SCHEMAS}/models/json/beacon-v2-default-model"
ID: Final = "{id}"
FILTERING_TERMS: Final = "filtering_terms"

MAX_ID: Final = 500
"""The longest id in a path, in characters."""


@dataclass(frozen=True, slots=True)
class EntryType:
    """An entry type of the default model."""

    id: str
    path: str
    """The segment below the root."""
    name: str
    description: str
    term: tuple[str, str]
    """The ontology term of the type, id and label."""
    folder: str
    """Where its schemas are below `MODEL`."""
    schema_id: str
    is_collection: bool = False

    @property
    def schema(self) -> str:
        """The address of its default schema."""
        return f"{MODEL}/{self.folder}/defaultSchema.json"

    @property
    def endpoints(self) -> str:
        """The address of its OpenAPI definition."""
        return f"{MODEL}/{self.folder}/endpoints.json"


def _types(*types: EntryType) -> Mapping[str, EntryType]:
    return {one.id: one for one in types}


ENTRY_TYPES: Final = _types(
    EntryType(
        GENOMIC_VARIANT,
        "g_variants",
        "Genomic variants",
        "The location and kind of a change in a genome.",
        ("ENSGLOSSARY:0000092", "Variant"),
        "genomicVariations",
        "beacon-g_variant-v2.1.1",
    ),
    EntryType(
        INDIVIDUAL,
        "individuals",
        "Individuals",
        "Persons, patients or other subjects.",
        ("NCIT:C25190", "Person"),
        "individuals",
        "beacon-individual-v2.1.1",
    ),
    EntryType(
        BIOSAMPLE,
        "biosamples",
        "Biosamples",
        "Specimens taken from individuals.",
        ("NCIT:C70699", "Biospecimen"),
        "biosamples",
        "beacon-biosample-v2.1.1",
    ),
    EntryType(
        RUN,
        "runs",
        "Sequencing runs",
        "Experimental runs that read a sample.",
        ("NCIT:C148088", "Sequencing Run"),
        "runs",
        "beacon-run-v2.1.1",
    ),
    EntryType(
        ANALYSIS,
        "analyses",
        "Analyses",
        "Bioinformatics analyses of runs.",
        ("edam:operation_2945", "Analysis"),
        "analyses",
        "beacon-analysis-v2.1.1",
    ),
    EntryType(
        DATASET,
        "datasets",
        "Data sets",
        "Data sets, collections of records.",
        ("NCIT:C47824", "Data set"),
        "datasets",
        "beacon-dataset-v2.1.1",
        is_collection=True,
    ),
    EntryType(
        COHORT,
        "cohorts",
        "Cohorts",
        "Groups of individuals with something in common.",
        ("NCIT:C61512", "Cohort"),
        "cohorts",
        "beacon-cohort-v2.1.1",
        is_collection=True,
    ),
)
"""The seven entry types, in the order they are listed."""

BY_PATH: Final[Mapping[str, EntryType]] = {one.path: one for one in ENTRY_TYPES.values()}

DEFAULT_NESTED: Final[Mapping[str, tuple[str, ...]]] = {
    GENOMIC_VARIANT: (BIOSAMPLE, INDIVIDUAL),
    INDIVIDUAL: (BIOSAMPLE, GENOMIC_VARIANT),
    BIOSAMPLE: (ANALYSIS, GENOMIC_VARIANT, RUN),
    ANALYSIS: (GENOMIC_VARIANT,),
    RUN: (ANALYSIS, GENOMIC_VARIANT),
    DATASET: (BIOSAMPLE, GENOMIC_VARIANT, INDIVIDUAL),
    COHORT: (INDIVIDUAL,),
}
"""What can be asked below one record by the model's endpoints.json; maps of members offer more."""


def list_key(entry_type: str) -> str:
    """Name the list of an entry type, as in `Capabilities.endpoints`: `individual`."""
    return entry_type


def record_key(entry_type: str) -> str:
    """Name the single record of an entry type: `individual/{id}`."""
    return f"{entry_type}/{ID}"


def nested_key(parent: str, entry_type: str) -> str:
    """Name the records below another: `individual/{id}/genomicVariant`."""
    return f"{parent}/{ID}/{entry_type}"


EVERY_NESTED: Final = frozenset(
    nested_key(parent, below) for parent in ENTRY_TYPES for below in ENTRY_TYPES if parent != below
)
"""Whatever some member's map may offer."""


def endpoint_key(query: Query) -> str:
    """Name the endpoint a question is put to."""
    if query.within is not None:
        return nested_key(query.within, query.entry_type)
    if query.record_id is not None:
        return record_key(query.entry_type)
    return list_key(query.entry_type)


def lists_collections(query: Query) -> bool:
    """Whether a question lists data sets or cohorts, which are collections and no records."""
    is_collection = ENTRY_TYPES[query.entry_type].is_collection
    return is_collection and query.record_id is None and query.within is None


def path_of(key: str) -> str:
    """Give the standard path of an endpoint key: `/individuals/{id}/g_variants`."""
    return "".join(
        f"/{ENTRY_TYPES[part].path if part in ENTRY_TYPES else part}" for part in key.split("/")
    )


def owner_of(record_id: str, member_ids: Container[str]) -> tuple[str | None, str]:
    """Read `member~id` as the member and its own id; any other id belongs to nobody in particular.

    What stands before the first `~` counts only where it is the id of a member.
    """
    owner, tilde, rest = record_id.partition("~")
    if tilde and owner in member_ids:
        return owner, rest
    return None, record_id


QUESTION_KEYS: Final = tuple(
    key
    for one in ENTRY_TYPES
    for key in (
        list_key(one),
        record_key(one),
        *(nested_key(one, below) for below in DEFAULT_NESTED[one]),
    )
)
"""The endpoints for records of the default model."""

TERMS_PATHS: Final = tuple(
    f"{path_of(key)}/{FILTERING_TERMS}"
    for one in ENTRY_TYPES.values()
    for key in (list_key(one.id), *([record_key(one.id)] if one.is_collection else []))
)
"""Where the filters of an entry type are listed, and those of a data set or cohort."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a path below the root asks for."""

    entry_type: str = GENOMIC_VARIANT
    within: str | None = None
    record_id: str | None = None
    is_filtering_terms: bool = False
    """Whether it asks for the filters of the entry type, not for records."""


def target_of(segments: Sequence[str], offered: Collection[str] = ()) -> Target | str:
    """Read the decoded segments of a path; a text says what is wrong with it.

    `offered` are the nested endpoints some member offers beyond the default model
    (`nested_key`).
    """
    known = ", ".join(f"/{path}" for path in BY_PATH)
    first = BY_PATH.get(segments[0]) if segments else None
    if first is None:
        return f"No entry type is served at this path. There are {known}."
    if len(segments) == 1:
        return Target(first.id)
    if len(segments) == 2 and segments[1] == FILTERING_TERMS:
        return Target(first.id, is_filtering_terms=True)
    record_id = segments[1]
    if not record_id.strip() or len(record_id) > MAX_ID or not record_id.isprintable():
        return f"An id is 1 to {MAX_ID} printable characters."
    if record_id in {".", ".."}:
        # addresses are tidied on their way: it would be the list, or the beacon, that is asked
        return f"“{record_id}” is no id."
    if len(segments) == 2:
        return Target(first.id, record_id=record_id)
    if len(segments) > 3:
        return f"There is nothing below /{first.path}/{ID}/{segments[2][:40]}."
    if segments[2] == FILTERING_TERMS and first.is_collection:
        return Target(first.id, record_id=record_id, is_filtering_terms=True)
    below = BY_PATH.get(segments[2])
    if below is not None and _is_offered(first.id, below.id, offered):
        return Target(below.id, within=first.id, record_id=record_id)
    there = ", ".join(
        f"/{first.path}/{ID}/{one.path}"
        for one in ENTRY_TYPES.values()
        if _is_offered(first.id, one.id, offered)
    )
    return f"No member offers this below one of /{first.path}. There are {there}."


def _is_offered(parent: str, entry_type: str, offered: Collection[str]) -> bool:
    return entry_type in DEFAULT_NESTED[parent] or nested_key(parent, entry_type) in offered
