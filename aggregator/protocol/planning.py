"""What every planner needs: reasons not to ask, and names and alleles as a member spells them.

Nothing is sent that the member's software would read as another question. What cannot be said in
its words is `NotAsked` with the reason.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec

from aggregator.model.allele import Allele, IndelStyle, Spelling, has_wildcards
from aggregator.model.answer import Match
from aggregator.model.genome import (
    MITOCHONDRION,
    WRONG_MITOCHONDRION,
    Assembly,
    GenomeError,
    numeric_name,
    parse_assembly,
    refseq_accession,
)
from aggregator.model.outcome import NotAskedCode
from aggregator.model.query import GENOMIC_VARIANT, Query, QuestionKind, VariantQuestion
from aggregator.protocol.entry_types import entry_type_of
from aggregator.protocol.surface import ENTRY_TYPES, endpoint_key
from aggregator.protocol.wire import NotAsked, Request
from aggregator.text.spelling import spell_allele
from registry.capabilities import DataSet
from registry.models import Dialect
from registry.snapshot import RegisteredMember

OTHER_SPELLINGS: Final = "other spellings of this indel were not tried"
ANY_BASE: Final = "N"


@dataclass(frozen=True, slots=True)
class Place:
    """A chromosome and its assembly as one member spells them."""

    chromosome: str
    assembly: str
    named: Assembly
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bases:
    """The bases of a sequence question in one spelling; None is not asked."""

    start0: int
    reference: str | None
    alternate: str | None
    match: Match = Match.EXACT
    spelled: str | None = None


def refuse(query: Query, member: RegisteredMember) -> NotAsked | None:
    """Give the reason not to ask a member whose protocol knows lists of variants only."""
    if query.entry_type != GENOMIC_VARIANT or query.within is not None:
        asked = ENTRY_TYPES[query.entry_type].name.lower()
        below = f" of one of its {ENTRY_TYPES[query.within].path}" if query.within else ""
        return NotAsked(
            NotAskedCode.ENTRY_TYPE, f"its protocol knows variants only, not {asked}{below}"
        )
    if query.record_id is not None:
        return NotAsked(
            NotAskedCode.QUERY_KIND, "its protocol cannot be asked for one record by its id"
        )
    return refuse_test() if query.test_mode else refuse_everywhere(query, member)


def refuse_test() -> NotAsked:
    """Refuse a test to a member that would take it for a real question, and answer with data."""
    return NotAsked(NotAskedCode.PARAMETER, "cannot be told that this is a test (testMode)")


def refuse_everywhere(query: Query, member: RegisteredMember) -> NotAsked | None:
    """Give the reason not to ask that holds whatever the protocol, if there is one."""
    if (lacking := _lacking_entry_type(query, member)) is not None:
        held = ENTRY_TYPES[lacking].name.lower()
        return NotAsked(NotAskedCode.ENTRY_TYPE, f"it says it holds no {held}")
    if query.dataset_ids and not asked_data_sets(query, member):
        return NotAsked(
            NotAskedCode.DATASET, "none of the data sets asked for belongs to this beacon"
        )
    variant = query.variant
    if variant is not None and variant.allele is not None and variant.allele.is_reference:
        return NotAsked(
            NotAskedCode.REFERENCE_ALLELE,
            f"this allele is the reference base of {variant.assembly or 'the assembly'} itself, "
            "which variant files do not list",
        )
    return None


def _lacking_entry_type(query: Query, member: RegisteredMember) -> str | None:
    """Name an entry type the question needs and the member does not list; its map outweighs it."""
    told = member.capabilities.entry_types
    if not told or endpoint_key(query) in (member.capabilities.endpoints or {}):
        return None
    held = {entry_type_of(name) for name in told}
    needed = (query.entry_type, query.within)
    return next((one for one in needed if one is not None and one not in held), None)


def asked_data_sets(
    query: Query, member: RegisteredMember, assembly: Assembly | None = None
) -> tuple[str, ...]:
    """Give the data sets to name to a member: those it has, where it told which it has.

    Those it declares in another assembly are left out: naming them gives an error or a wrong no.
    """
    told = {one.id: _declared(one) for one in member.capabilities.data_sets}
    return tuple(
        name
        for name in query.dataset_ids
        if (not told or name in told)
        and (assembly is None or told.get(name) is None or told[name] is assembly)
    )


def place(query: Query, variant: VariantQuestion, member: RegisteredMember) -> Place | NotAsked:
    """Spell chromosome and assembly for a member, or say why it cannot be asked about the place."""
    held = _held(query, member)
    warnings: tuple[str, ...] = ()
    assembly: Assembly | NotAsked | None = variant.assembly
    if variant.chromosome == MITOCHONDRION:
        assembly = _assembly_for_mt(variant, member, held)
        others = [one.value for one in held if one is not assembly]
        if others and not isinstance(assembly, NotAsked):
            warnings = (f"asked in {assembly} only; it holds {' and '.join(others)} as well",)
    elif assembly is not None and held and assembly not in held:
        names = " and ".join(one.value for one in held)
        assembly = NotAsked(
            NotAskedCode.ASSEMBLY, f"holds only {names}, the question is in {assembly}"
        )
    if assembly is None:
        return NotAsked(NotAskedCode.ASSEMBLY, "the question does not name an assembly")
    if isinstance(assembly, NotAsked):
        return assembly
    chromosome = _chromosome(variant.chromosome or "", assembly, member.dialect)
    return Place(chromosome, _assembly(assembly, member), assembly, warnings)


def sequence(variant: VariantQuestion, member: RegisteredMember) -> tuple[Bases, ...] | NotAsked:
    """Spell the bases of a sequence question in each way the member has to be asked."""
    if variant.allele is None:
        if (wildcards := refuse_wildcards(variant, member.dialect)) is not None:
            return wildcards
        reference = None if variant.reference == ANY_BASE else variant.reference
        return (Bases(variant.start0[0], reference, variant.alternate),)
    allele = variant.allele
    spellings = allele.spellings(member.dialect.indels or IndelStyle.ANCHORED)
    if not spellings:
        what = "deletion" if allele.reference else "insertion"
        return NotAsked(
            NotAskedCode.PARAMETER,
            f"needs the base before the {what}, which the question does not tell, "
            "and no reference sequence is configured",
        )
    return tuple(_bases(variant, allele, spelling) for spelling in spellings)


def indel_warnings(
    variant: VariantQuestion, member: RegisteredMember, spellings: int
) -> tuple[str, ...]:
    """Say that a no is worth less where other spellings of an indel could not be tried.

    `spellings` is how many are asked: of a member that needs both styles, fewer than two is one
    too few.
    """
    allele = variant.allele
    if allele is None or not allele.is_indel:
        return ()
    is_half = member.dialect.indels is IndelStyle.BOTH and spellings < 2
    return (OTHER_SPELLINGS,) if is_half or not allele.is_aligned else ()


def refuse_wildcards(variant: VariantQuestion, dialect: Dialect) -> NotAsked | None:
    """Refuse N and other IUPAC codes for members not known to understand them.

    Some compare N literally (a false no), some match longer alleles too (a false yes). A
    reference of one N only says that the base is not known.
    """
    reference = variant.reference if variant.reference != ANY_BASE else None
    bases = (reference or "") + (variant.alternate or "")
    if dialect.wildcards or not has_wildcards(bases):
        return None
    return NotAsked(
        NotAskedCode.PARAMETER, "is not known to understand N and other wildcards among bases"
    )


def sendable(
    parameters: Mapping[str, Any],
    variant: VariantQuestion,
    member: RegisteredMember,
    takes: Callable[[str], bool],
) -> dict[str, Any] | NotAsked:
    """Leave out the parameters a member does not take, where the question stays the same.

    An assembly need not be told to a member that holds just one; nor the reference base of a
    substitution. Without any other parameter the question would be a broader one.
    """
    kept: dict[str, Any] = {}
    for name, value in parameters.items():
        if takes(name):
            kept[name] = value
        elif name == "assemblyId":
            if variant.assembly is not None and len(member.assemblies) != 1:
                return NotAsked(
                    NotAskedCode.ASSEMBLY,
                    "cannot be told the assembly, and which it holds is not known",
                )
        elif name == "referenceBases":
            alternate = parameters.get("alternateBases")
            is_one_place = variant.kind is QuestionKind.SEQUENCE
            is_same_length = alternate is not None and len(value) == len(alternate)
            if value != ANY_BASE and not (is_one_place and is_same_length):
                return NotAsked(
                    NotAskedCode.PARAMETER,
                    "does not take reference bases, without which this allele is ambiguous",
                )
        else:
            return NotAsked(NotAskedCode.PARAMETER, f"its software does not take {name}")
    return kept


def address(member: RegisteredMember, keys: Iterable[str], default: str) -> str:
    """Give the absolute address of the variant question, as the dialect or the member says."""
    paths = member.dialect.paths
    told = next((paths[key] for key in keys if paths.get(key)), None)
    if told is None:
        return member.capabilities.query_url or f"{member.entry.url}/{default}"
    if told.startswith(("http://", "https://")):
        return told
    return f"{member.entry.url}/{told.lstrip('/')}"


def get(url: str, parameters: Iterable[tuple[str, Any]]) -> Request:
    """Build a GET request; commas and colons stay readable."""
    query = _encoded(tuple(parameters))
    separator = "&" if "?" in url else "?"
    return Request("GET", f"{url}{separator}{query}" if query else url)


@lru_cache(maxsize=256)
def _encoded(parameters: tuple[tuple[str, Any], ...]) -> str:
    """Encode once what many members of one dialect are sent."""
    return urlencode(parameters, quote_via=quote, safe=",:")


def post(url: str, document: Mapping[str, Any]) -> Request:
    """Build a POST request with a JSON body."""
    return Request("POST", url, msgspec.json.encode(document))


def _held(query: Query, member: RegisteredMember) -> tuple[Assembly, ...]:
    """Give the assemblies to choose from: those of the data sets asked for, else all it holds."""
    if query.dataset_ids and not member.entry.assemblies:
        asked = set(asked_data_sets(query, member))
        declared = [_declared(one) for one in member.capabilities.data_sets if one.id in asked]
        if declared and None not in declared:
            return tuple(dict.fromkeys(one for one in declared if one is not None))
    return member.assemblies


def _declared(data_set: DataSet) -> Assembly | None:
    try:
        return parse_assembly(data_set.assembly).assembly if data_set.assembly else None
    except GenomeError:
        return None


def _assembly_for_mt(
    variant: VariantQuestion, member: RegisteredMember, held: tuple[Assembly, ...]
) -> Assembly | NotAsked:
    """Choose the assembly to name for a mitochondrial position.

    The rCRS is the same in GRCh37 and GRCh38, so whatever the member holds will do; but `chrM` of
    UCSC's hg18 and hg19 is another sequence.
    """
    asked = variant.assembly or variant.typed_assembly or Assembly.GRCH38
    for assembly in held or (asked,):
        is_ucsc = (
            member.dialect.chromosome == "chr"
            or _assembly(assembly, member).lower() == assembly.ucsc
        )
        if assembly is Assembly.GRCH38 or (assembly is Assembly.GRCH37 and not is_ucsc):
            return assembly
    return NotAsked(NotAskedCode.ASSEMBLY, WRONG_MITOCHONDRION)


def _assembly(assembly: Assembly, member: RegisteredMember) -> str:
    spelled = member.assembly_spellings.get(assembly)
    if spelled is not None:
        return spelled
    return assembly.ucsc if member.dialect.assembly == "ucsc" else assembly.value


def _chromosome(name: str, assembly: Assembly, dialect: Dialect) -> str:
    spelled = name
    if dialect.chromosome == "chr":
        spelled = "chrM" if name == MITOCHONDRION else f"chr{name}"
    elif dialect.chromosome == "numeric":
        spelled = numeric_name(name)
    elif dialect.chromosome == "refseq":
        spelled = refseq_accession(name, assembly) or name
    if dialect.case is None:
        return spelled
    return spelled.lower() if dialect.case == "lower" else spelled.upper()


def _bases(variant: VariantQuestion, allele: Allele, spelling: Spelling) -> Bases:
    is_typed = spelling == allele.typed
    return Bases(
        start0=spelling.start0,
        reference=spelling.reference,
        alternate=spelling.alternate,
        match=Match.EXACT if is_typed else Match.EQUIVALENT,
        spelled=None if is_typed else spell_allele(variant.chromosome or "", spelling),
    )
