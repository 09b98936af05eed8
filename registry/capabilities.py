"""What a member said of itself, as far as the network has learned it from its documents."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from registry.known_variants import SampleAllele
from registry.models import Dialect, Organization, Protocol


class DataSet(BaseModel):
    """A data set a member declares."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str = ""
    assembly: str | None = None
    """As the member spells it; only v1 documents declare one."""


class FilteringTerm(BaseModel):
    """A filter a member says it takes (framework, filteringTermsSchema.json)."""

    model_config = ConfigDict(frozen=True)

    id: str
    type: str = ""
    """As the member writes it: `ontology`, `alphanumeric`, `custom`, or anything."""
    label: str = ""
    scopes: tuple[str, ...] = ()
    """Entry types in our names; empty: not told, any."""
    values: tuple[str, ...] = ()


class FilteringResource(BaseModel):
    """An ontology the filtering terms of a member come from."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str = ""
    url: str = ""
    version: str = ""
    namespace_prefix: str = ""
    iri_prefix: str = ""


class Document(StrEnum):
    """The documents a v2 beacon has about itself, by their path."""

    INFO = "info"
    SERVICE_INFO = "service-info"
    MAP = "map"
    CONFIGURATION = "configuration"
    ENTRY_TYPES = "entry_types"
    FILTERING_TERMS = "filtering_terms"


class Capabilities(BaseModel):
    """What a member said of itself, last known good; unknown stays None and means: ask."""

    model_config = ConfigDict(frozen=True)

    protocol: Protocol | None = None
    """What was found behind `protocol: auto`."""
    beacon_id: str | None = None
    name: str | None = None
    api_version: str | None = None
    service_version: str | None = None
    """Its own version, of the service or of what it holds."""
    description: str | None = None
    organization: Organization | None = None
    data_sets: tuple[DataSet, ...] = ()
    entry_types: tuple[str, ...] | None = None
    granularities: tuple[str, ...] | None = None
    count_unit: str | None = None
    query_url: str | None = None
    """Where a variant question goes, when the member's documents say so."""
    fetched_at: datetime | None = None
    problems: tuple[str, ...] = ()
    """What is wrong with its documents, one sentence each, naming the document."""
    environment: str | None = None
    """prod, test, dev or staging, as told."""
    updated_at: str | None = None
    """`updateDateTime` as told; another value means: look again at everything."""
    is_network: bool = False
    """Whether it says it is a network of beacons itself."""
    software: str | None = None
    """The server software as guessed from its documents (`protocol.software`)."""
    software_dialect: Dialect = Dialect()
    """How that software is known to want to be asked; what was learned or declared wins."""
    endpoints: Mapping[str, str] | None = None
    """Where entry types are asked for, from its /map; None: not known.

    Keys are `individual`, `individual/{id}`, `individual/{id}/genomicVariant` in our names;
    values are templates with `{id}`, relative to the member's address (they begin with `/`).
    """
    filtering_terms: tuple[FilteringTerm, ...] | None = None
    """None: not known, so any filter may be asked; empty: it says it takes none."""
    filtering_resources: tuple[FilteringResource, ...] = ()
    default_granularity: str | None = None
    security_levels: tuple[str, ...] = ()
    entry_type_definitions: Mapping[str, Mapping[str, Any]] = Field(default_factory=dict)
    """Its definitions from /entry_types or /configuration, by our name of the type."""
    missing: tuple[Document, ...] = ()
    """Documents it could not give at the last look; what an earlier one told stays."""
    leaves: tuple[str, ...] = ()
    """Beacons inside a network, as far as its documents name them."""
    samples: tuple[SampleAllele, ...] = ()
    """Questions a version 1 member says it answers with yes."""
