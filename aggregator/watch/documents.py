"""Fetches the documents a version 2 member has about itself and reads them together.

What a document that cannot be had told before stays known, and the document is named as missing.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from aggregator.protocol.member_configuration import (
    Definitions,
    read_configuration,
    read_entry_types,
)
from aggregator.protocol.member_document import document_of, few, text
from aggregator.protocol.member_map import read_map
from aggregator.protocol.member_terms import read_filtering_terms
from aggregator.protocol.software import dialect_of, guess_software
from aggregator.watch.looking import Discovery, DocumentGetter, Look, is_unreachable
from registry.capabilities import Capabilities, Document
from registry.snapshot import RegisteredMember

DOCUMENT_TIMEOUT_S: Final = 5.0
LARGE_BYTES: Final = 2**18
"""Documents above this together, in bytes, are read beside the event loop."""

PATHS: Final[Mapping[Document, str]] = {
    Document.SERVICE_INFO: "/service-info",
    Document.MAP: "/map",
    Document.CONFIGURATION: "/configuration",
    Document.ENTRY_TYPES: "/entry_types",
    Document.FILTERING_TERMS: "/filtering_terms?limit=0",
}
"""The documents beside `/info`; a limit of 0 asks for all filtering terms."""

_Found = Mapping[Document, Mapping[str, Any]]


async def describe(
    recognised: Discovery,
    member: RegisteredMember,
    get: DocumentGetter,
    only: Collection[Document] | None = None,
) -> Discovery:
    """Add to what `/info` told what the other documents tell; never raises.

    Where `only` some are asked for, what is known of the rest stays.
    """
    told = recognised.capabilities
    if told is None:
        return recognised
    wanted = tuple(name for name in PATHS if only is None or name in only)
    fetching = _Fetching(member, get, wanted)
    await fetching.fetch_all()
    found = {Document.INFO: recognised.document, **fetching.documents}
    described = _Description(told, member, found, wanted)
    if fetching.size > LARGE_BYTES:
        await asyncio.to_thread(described.read_all, fetching.troubles)
    else:
        described.read_all(fetching.troubles)
    looks = (*recognised.looks, *fetching.looks)
    return Discovery(
        described.capabilities(), looks, recognised.document, frozenset(fetching.unfinished)
    )


class _Fetching:
    """Gets the documents of one member, and keeps what came of each."""

    def __init__(
        self, member: RegisteredMember, get: DocumentGetter, wanted: tuple[Document, ...]
    ) -> None:
        self._member = member
        self._get = get
        self._wanted = wanted
        self._looks: dict[Document, Look] = {}
        self.documents: dict[Document, dict[str, Any]] = {}
        self.troubles: dict[Document, str] = {}
        """Why a document did not come, or is none."""
        self.size = 0
        """Of all bodies, in bytes."""
        self.unfinished: set[Document] = set()
        """Documents that may come the next time."""

    @property
    def looks(self) -> tuple[Look, ...]:
        """What was asked for, in the order of the documents."""
        return tuple(self._looks[name] for name in PATHS if name in self._looks)

    async def fetch_all(self) -> None:
        """Get the documents side by side.

        Where the member is asked one thing at a time, its questions wait meanwhile: there they
        come one after the other, and after one that does not come the rest is left.
        """
        if self._member.max_concurrency != 1:
            await asyncio.gather(*(self._fetch(name) for name in self._wanted))
            return
        is_reachable = True
        for name in self._wanted:
            if is_reachable:
                is_reachable = await self._fetch(name)
            else:
                self.unfinished.add(name)
                self.troubles[name] = "left for the next look: the one before did not come"

    async def _fetch(self, name: Document) -> bool:
        """Get one document; False if the others would not come either."""
        url = self._member.entry.url + PATHS[name]
        result = (await self._get(url, DOCUMENT_TIMEOUT_S)).result
        if result.failure is not None or result.reply is None:
            trouble = result.failure.message if result.failure else "nothing came back"
            self.unfinished.add(name)
        else:
            self.size += len(result.reply.body)
            if result.reply.status >= 500:
                self.unfinished.add(name)
            read = document_of(result.reply)
            trouble = read if isinstance(read, str) else ""
            if isinstance(read, dict):
                self.documents[name] = read
        if trouble:
            self.troubles[name] = trouble
        self._looks[name] = Look(url, trouble or "read", result.elapsed_s)
        return result.reply is not None or not is_unreachable(result.failure)


class _Description:
    """Reads documents one by one into facts of capabilities."""

    def __init__(
        self,
        told: Capabilities,
        member: RegisteredMember,
        found: _Found,
        wanted: tuple[Document, ...],
    ) -> None:
        self._told = told
        self._known = member.capabilities
        self._address = member.entry.url
        self._found = found
        self._left = frozenset(PATHS) - frozenset(wanted)
        """Documents that were not asked for this time."""
        self._facts: dict[str, Any] = {}
        self._definitions: dict[str, Mapping[str, Any]] = {}
        self._problems: dict[Document, list[str]] = {name: [] for name in PATHS}
        self._missing: list[Document] = []

    def read_all(self, troubles: Mapping[Document, str]) -> None:
        """Read what came; `troubles` says of the rest why it did not."""
        readers: Mapping[Document, Callable[[Mapping[str, Any]], bool]] = {
            Document.SERVICE_INFO: self._service_info,
            Document.MAP: self._map,
            Document.CONFIGURATION: self._configuration,
            Document.ENTRY_TYPES: self._entry_types,
            Document.FILTERING_TERMS: self._filtering_terms,
        }
        for name, read in readers.items():
            if name in self._left:
                self._leave(name)
                continue
            document = self._found.get(name)
            trouble = troubles.get(name) if document is None else None
            if document is not None and not read(document):
                trouble = "JSON, but not what belongs there"
            if trouble is not None:
                self._missing.append(name)
                self._problems[name].append(f"its /{name.value} cannot be used: {trouble}")

    def _leave(self, name: Document) -> None:
        """Keep what is known of the state of a document that was not asked for."""
        if name in self._known.missing:
            self._missing.append(name)
        self._problems[name] += [
            problem for problem in self._known.problems if problem.startswith(f"its /{name.value} ")
        ]

    def capabilities(self) -> Capabilities:
        """Join what was read with what was known of the documents that are missing."""
        known, facts = self._known, dict(self._facts)
        stays = {*self._missing, *self._left}
        kept = {
            Document.MAP: ("endpoints",),
            Document.CONFIGURATION: ("default_granularity", "security_levels"),
            Document.FILTERING_TERMS: ("filtering_terms", "filtering_resources"),
        }
        for name, fields in kept.items():
            if name in stays:
                facts |= {field: getattr(known, field) for field in fields}
        definitions = dict(self._definitions)
        if {Document.CONFIGURATION, Document.ENTRY_TYPES} & stays:
            definitions = {**known.entry_type_definitions, **definitions}
        if Document.SERVICE_INFO in stays and self._told.environment is None:
            facts["environment"] = known.environment
        software: str | None = guess_software(self._found)
        if (software is None and stays) or (self._left and known.software is not None):
            software = known.software  # its mark may be in what was not read
        told_of = (few(self._problems[name], name.value) for name in PATHS)
        return self._told.model_copy(
            update={
                **facts,
                "data_sets": known.data_sets,
                "entry_type_definitions": definitions,
                "entry_types": _entry_types(definitions, facts.get("endpoints")),
                "software": software,
                "software_dialect": dialect_of(software),
                "problems": (*self._told.problems, *(one for each in told_of for one in each)),
                "missing": tuple(self._missing),
            }
        )

    def _service_info(self, document: Mapping[str, Any]) -> bool:
        if text(document.get("id")) is None and not isinstance(document.get("type"), Mapping):
            return False
        if self._told.environment is None:
            self._facts["environment"] = text(document.get("environment"))
        return True

    def _map(self, document: Mapping[str, Any]) -> bool:
        read = read_map(document, self._address)
        if read is None:
            return False
        self._facts["endpoints"] = read.endpoints
        self._problems[Document.MAP] += read.problems
        return True

    def _configuration(self, document: Mapping[str, Any]) -> bool:
        read = read_configuration(document)
        if read is None:
            return False
        self._facts["default_granularity"] = read.default_granularity
        self._facts["security_levels"] = read.security_levels
        self._define(read.definitions)
        return True

    def _entry_types(self, document: Mapping[str, Any]) -> bool:
        read = read_entry_types(document)
        self._define(read or {})
        return read is not None

    def _filtering_terms(self, document: Mapping[str, Any]) -> bool:
        read = read_filtering_terms(document)
        if read is None:
            return False
        known = self._known.filtering_terms
        self._facts["filtering_terms"] = known if read.terms == known else read.terms
        self._facts["filtering_resources"] = read.resources
        self._problems[Document.FILTERING_TERMS] += read.problems
        return True

    def _define(self, definitions: Definitions) -> None:
        self._definitions.update(definitions)


def _entry_types(
    definitions: Definitions, endpoints: Mapping[str, str] | None
) -> tuple[str, ...] | None:
    """Name every entry type that some document offers; None where none says anything."""
    mapped = [key.rpartition("/")[2] for key in endpoints or {} if not key.endswith("/{id}")]
    return tuple(dict.fromkeys((*definitions, *mapped))) or None
