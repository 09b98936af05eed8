"""Read questions that start with a chromosome: alleles, regions, brackets, table rows and SPDI.

The mark between the digits of thousands may not be the one that separates the fields, so
`1 100 200` is never read as position 100200. No pattern here repeats a group that itself repeats
over the same characters: the time is proportional to the length of the text.
"""

import re
from dataclasses import replace
from typing import Final, NamedTuple

from aggregator.model.genome import parse_chromosome, to_start0
from aggregator.text.alleles import (
    bracket,
    check_digits,
    check_fits,
    read_bases,
    read_change,
    read_position,
    read_type,
    region,
)
from aggregator.text.hgvs import lacks_version
from aggregator.text.reading import (
    Frame,
    Leftover,
    Place,
    Refusal,
    Understood,
    find_place,
    is_chromosome,
    looks_like_chromosome,
    shorten,
)

SEQUENCE: Final = "sequence"
SPDI: Final = "SPDI"
_FLAGS: Final = re.IGNORECASE | re.ASCII

_ACCESSION: Final = r"(?:refseq:)?NC_[0-9]{1,9}\.[0-9]{1,3}"
_NAME: Final = rf"(?:{_ACCESSION}|(?:chr(?:omosome|om)?[ _]?)?[A-Z0-9]{{1,20}})"
_HEAD: Final = re.compile(rf"({_NAME})( ?[:|/_-] ?| )([0-9].*)", _FLAGS)
_BARE: Final = re.compile(rf"({_NAME})(?:(?: ?[:|/>] ?| ).*)?", _FLAGS)
_UNPLACED: Final = re.compile(r"(chr[A-Z0-9]+_[A-Z0-9_]+) ?[: ] ?[0-9].*", _FLAGS)
_SPDI: Final = re.compile(
    rf"({_ACCESSION}) ?: ?([0-9]+) ?: ?([A-Z]*|[0-9]+|-) ?: ?([A-Z]*|-)", _FLAGS
)
_SPDI_NOTE: Final = "SPDI positions are 0-based and were used as they are"
_VERSIONLESS: Final = re.compile(r"(?:refseq:)?NC_0*([0-9]{1,6})(?:[ :-].*)?", _FLAGS)

_COLUMN: Final = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+")
_BASES_COLUMN: Final = re.compile(r"[A-Z]+|[-.]", _FLAGS)
_SEPARATORS: Final = {":", ">", "/", "|", "->", "=>", "_"}
_IUPAC_WORD: Final = re.compile(r"[ACGTUNRYSWKMBDHV]+", _FLAGS)

_ALLELES: Final = re.compile(
    r"(?P<lead> ?[-:/|_]? ?)(?P<ref>[A-Z]+|[-.]|)"
    r"(?P<mark> ?(?:[-=]?>|[-:/|_]) ?| |(?=<))(?P<alt><?[A-Z0-9:_,*]+>?|[-.]|)",
    _FLAGS,
)
_REFERENCE_ONLY: Final = re.compile(r" ?[-:/|_]? ?([A-Z]+) ?[>:/|_]?", _FLAGS)
_HGVS_EVENT: Final = re.compile(r" ?((?:del|ins|dup|inv)[A-Z]*)", _FLAGS)
_TYPE_MARK: Final = re.compile(r" ?[-:/|>,;_]? ?")
_NUMBERS_FOLLOW: Final = re.compile(r" ?[,.'_ :/|]? ?[0-9]")


class _Tail:
    """The patterns of what follows a chromosome, for the marks allowed between thousands."""

    def __init__(self, marks: str) -> None:
        position = rf"([0-9]{{1,3}}(?:[{marks}][0-9]{{3}})+(?![0-9])|[0-9]+)"
        window = rf"{position} ?(?:-|\.\.) ?{position}"
        gap = r" ?(?:--?|\.\.\.?|to) ?"
        self.bracket = re.compile(rf"{window} ?-- ?{window}(?![0-9])(.*)", _FLAGS)
        self.region = re.compile(rf"{position}{gap}{position}(?![0-9])(.*)", _FLAGS)
        self.position = re.compile(rf"{position}(.*)", _FLAGS)


_ANY_MARK: Final = _Tail(",.'_ ")
_TAILS: Final = {" ": _Tail(",.'_"), "_": _Tail(",.' ")}


def read_locus(text: str, frame: Frame) -> Understood | None:
    """Read a text that starts with a chromosome or a RefSeq accession; None if it does not."""
    if spdi := _SPDI.fullmatch(text):
        return _read_spdi(spdi, frame)
    if versionless := _VERSIONLESS.fullmatch(text):
        raise lacks_version(int(versionless[1]))
    if row := _split_row(text):
        return _read_row(row, frame)
    head = _HEAD.fullmatch(text)
    if head is None or not _is_position(head):
        _refuse_without_position(text)
        return None
    place = find_place(head[1], frame)
    return _read_tail(place, _TAILS.get(head[2].strip() or " ", _ANY_MARK), head[3])


class _Row(NamedTuple):
    """The columns of a VCF row, or of a table with the end in the place of the identifier."""

    chromosome: str
    position: str
    identifier: str
    reference: str
    alternate: str


def _split_row(text: str) -> _Row | None:
    fields = text.split(" ")
    if len(fields) < 5:
        return None
    row = _Row(*fields[:5])
    if not is_chromosome(row.chromosome) or not _COLUMN.fullmatch(row.position):
        return None
    if row.identifier in _SEPARATORS or row.alternate in _SEPARATORS:
        return None
    return row if _BASES_COLUMN.fullmatch(row.reference) else None


def _read_row(row: _Row, frame: Frame) -> Understood:
    place = find_place(row.chromosome, frame)
    position = read_position(row.position)
    if _IUPAC_WORD.fullmatch(row.identifier):
        raise Refusal(
            "It is not clear which columns hold the bases.",
            f"Write {place.chromosome}-{position}, reference and alternate, e.g. 7-140753336-A-T",
        )
    if _COLUMN.fullmatch(row.identifier):
        _check_end(place, position, read_position(row.identifier), row.reference)
    elif row.alternate == ".":
        raise Refusal(
            "This row has no alternate bases.",
            "A “.” in the ALT column of a VCF row says that no variant was called there.",
        )
    return read_change(SEQUENCE, place, to_start0(position), row.reference, row.alternate)


def _check_end(place: Place, first: int, last: int, reference: str) -> None:
    """Accept an end beside the start only where it agrees with the reference bases."""
    if last - first + 1 != len(read_bases(reference)):
        raise Refusal(
            f"It is not clear what {last} means: the reference bases end elsewhere.",
            f"Write one position, e.g. {place.chromosome} : {first} G > A",
        )


def _read_spdi(spdi: re.Match[str], frame: Frame) -> Understood:
    place = find_place(spdi[1], frame)
    if spdi[3].isdigit():
        raise Refusal(
            "This SPDI tells how many bases are deleted, but not which.",
            "Write them, e.g. NC_000017.11:43057062:G:A",
        )
    place = replace(place, notes=(*place.notes, _SPDI_NOTE))
    return read_change(SPDI, place, int(check_digits(spdi[2])), spdi[3], spdi[4])


def _is_position(head: re.Match[str]) -> bool:
    """Whether digits after a word are a position: not so in `NKX2-5`."""
    name, mark, tail = head.groups()
    if ":" in mark or looks_like_chromosome(name):
        return True
    position = _ANY_MARK.position.fullmatch(tail)
    alleles = _ALLELES.fullmatch(position[2]) if position else None
    return bool(alleles and alleles["ref"] and alleles["alt"])


def _refuse_without_position(text: str) -> None:
    """Raise for a chromosome with nothing, or nothing useful, behind it."""
    if unplaced := _UNPLACED.fullmatch(text):
        parse_chromosome(unplaced[1])
    bare = _BARE.fullmatch(text)
    if bare is None:
        return
    if is_chromosome(bare[1]):
        raise Refusal(
            "That is a chromosome without a position.",
            "For example 17 : 43045704 G > A, or the region 17:43044295-43125483",
        )
    if looks_like_chromosome(bare[1]):
        parse_chromosome(bare[1])


def _read_tail(place: Place, tail: _Tail, text: str) -> Understood:
    if found := tail.bracket.fullmatch(text):
        numbers = [read_position(number) for number in found.groups()[:4]]
        starts, ends = (numbers[0], numbers[1]), (numbers[2], numbers[3])
        return bracket(place, starts, ends, _read_optional_type(found[5]))
    if found := tail.region.fullmatch(text):
        return _read_region(place, read_position(found[1]), read_position(found[2]), found[3])
    found = tail.position.fullmatch(text)
    if found is None:
        raise _unclear(place)
    return _read_alleles(place, read_position(found[1]), found[2])


def _read_region(place: Place, first: int, last: int, rest: str) -> Understood:
    alleles = _ALLELES.fullmatch(rest)
    if alleles and _is_whole(alleles) and read_type(_unmarked(rest)) is None:
        _check_end(place, first, last, alleles["ref"])
        return read_change(SEQUENCE, place, to_start0(first), alleles["ref"], alleles["alt"])
    return region(place, first, last, _read_optional_type(rest))


def _read_optional_type(rest: str) -> str | None:
    word = _unmarked(rest)
    if not word:
        return None
    if variant_type := read_type(word):
        return variant_type
    raise Leftover(
        f"“{shorten(word)}” after the region is not a variant type.",
        "Use DEL, DUP, INS, INV or CNV, e.g. 9:21967753-21995324 DEL",
    )


def _read_alleles(place: Place, position: int, rest: str) -> Understood:
    start0 = to_start0(position)
    if not rest:
        check_fits(place, position)
        raise _lacks_bases(place, position)
    if variant_type := read_type(_unmarked(rest)):
        return read_change(SEQUENCE, place, start0, "", variant_type)
    alleles = _ALLELES.fullmatch(rest)
    if alleles is None or not _is_whole(alleles):
        raise _diagnose(place, position, rest)
    return read_change(SEQUENCE, place, start0, alleles["ref"], alleles["alt"])


def _is_whole(alleles: re.Match[str]) -> bool:
    """Whether an empty side was meant: `A-` ends in a dash, `A >` was not typed to the end."""
    lead, mark = alleles["lead"].strip(), alleles["mark"].strip()
    has_reference = bool(alleles["ref"]) or "-" in (lead, mark)
    return has_reference and (bool(alleles["alt"]) or mark == "-")


def _diagnose(place: Place, position: int, rest: str) -> Refusal:
    """Say what is missing or too much behind a position."""
    spelled = f"{place.chromosome} : {position}"
    if _NUMBERS_FOLLOW.match(rest):
        return _unclear(place)
    if event := _HGVS_EVENT.fullmatch(rest):
        return Refusal(
            f"“{shorten(rest.strip())}” belongs to HGVS notation.",
            f"Write {place.chromosome}:g.{position}{shorten(event[1])}",
        )
    if reference := _REFERENCE_ONLY.fullmatch(rest):
        bases = shorten(read_bases(reference[1]), 30)
        other = "A" if bases != "A" else "G"
        return Refusal(
            "The alternate base is missing.",
            f"Add it ({spelled} {bases} > {other}); a deletion is "
            f"{place.chromosome}-{position}-{bases}--",
        )
    if rest.lstrip().startswith(">"):
        return Refusal("The reference base is missing.", f"Add it, e.g. {spelled} G > A")
    return Leftover(
        f"“{shorten(rest.strip())}” after the position is not understood.",
        f"Write {spelled} G > A, with your bases.",
    )


def _lacks_bases(place: Place, position: int) -> Refusal:
    name = place.chromosome
    return Refusal(
        "That is a position without bases.",
        f"Add them ({name} : {position} G > A) or give a range ({name}:{position}-{position})",
    )


def _unclear(place: Place) -> Refusal:
    return Refusal(
        "It is not clear which of the numbers is the position.",
        f"Write {place.chromosome} : 43045704 G > A, or a region as "
        f"{place.chromosome}:43044295-43125483 (counted from 1)",
    )


def _unmarked(rest: str) -> str:
    mark = _TYPE_MARK.match(rest)
    return rest[mark.end() :].strip() if mark else rest
