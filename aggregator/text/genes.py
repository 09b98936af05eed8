"""Read gene symbols and amino acid changes: `BRCA1`, `BRAF V600E`, `BRCA1:p.Pro1856Ser`."""

import re
from typing import Final

from aggregator.text.alleles import read_type
from aggregator.text.reading import Refusal, Understood

GENE: Final = "gene"
AMINO_ACID: Final = "gene + amino acid change"
_FLAGS: Final = re.IGNORECASE | re.ASCII

_SYMBOL: Final = re.compile(r"[A-Z][A-Z0-9-]{0,19}(?:_[0-9])?", _FLAGS)
_OPEN_READING_FRAME: Final = re.compile(r"(C(?:[0-9]{1,2}|X|Y))ORF([0-9]+.*)")

_CODES: Final = {
    **{"ALA": "A", "ARG": "R", "ASN": "N", "ASP": "D", "CYS": "C", "GLN": "Q", "GLU": "E"},
    **{"GLY": "G", "HIS": "H", "ILE": "I", "LEU": "L", "LYS": "K", "MET": "M", "PHE": "F"},
    **{"PRO": "P", "SER": "S", "THR": "T", "TRP": "W", "TYR": "Y", "VAL": "V", "SEC": "U"},
    **{"PYL": "O", "TER": "*"},
}
_NAMES: Final = {code: name.capitalize() for name, code in _CODES.items()}
_LETTERS: Final = {**{code: code for code in _CODES.values()}, "X": "*"}
_STOPS: Final = {"*", "X", "TER"}

_CHANGE: Final = re.compile(
    r"(?:p\. ?)?\(?([A-Z*]{1,3})([1-9][0-9]{0,4})(?:_([A-Z*]{1,3})([1-9][0-9]{0,4}))?"
    r"([A-Z*]+(?:[0-9]{1,5}|\?)?|=)\)?",
    _FLAGS,
)
_FRAMESHIFT: Final = re.compile(r"([A-Z*]{0,3}?)fs(?:(?:ter|\*|x)([0-9]{1,5}|\?)?)?", _FLAGS)
_WITH_CHANGE: Final = re.compile(r"([A-Z0-9-]+)(?: ?[:,/_] ?| |(?=\())(.+)", _FLAGS)
_HYPHENED: Final = re.compile(r"([A-Z0-9-]+)-([A-Z][0-9]{2,5}[A-Z])", _FLAGS)
_PLACE_ONLY: Final = re.compile(r"(?:p\. ?)?\(?[A-Z]{1,3}[0-9]{1,5}\)?", _FLAGS)

_GENES_LIKE_CHANGES: Final = frozenset(
    (
        *("A2M", "C1D", "C1R", "C1S", "C4A", "C4B", "C8A", "C8B", "C8G", "F2R", "F11R"),
        *("S100B", "S100G", "S100P", "S100Z"),
    )
)
"""Approved symbols that look like an amino acid change."""


def read_gene(text: str) -> Understood | None:
    """Read a gene symbol, alone or with a variant type or an amino acid change."""
    if amino_acid := _read_amino_acid(text):
        return amino_acid
    if not _SYMBOL.fullmatch(text):
        return None
    symbol = write_symbol(text)
    if read_amino_acid_change(text) and symbol not in _GENES_LIKE_CHANGES:
        raise lacks_gene(text)
    return Understood(GENE, {"geneId": symbol})


def lacks_gene(text: str) -> Refusal:
    """Say that an amino acid change needs its gene."""
    return Refusal(
        f"{text} is an amino acid change without a gene.",
        "Put the gene in front, e.g. BRAF V600E",
    )


def is_symbol(text: str) -> bool:
    """Whether a text has the form of a gene symbol."""
    return _SYMBOL.fullmatch(text) is not None


def write_symbol(text: str) -> str:
    """Write a gene symbol as HGNC does: upper case but for the open reading frames (C9orf72)."""
    return _OPEN_READING_FRAME.sub(r"\1orf\2", text.upper())


def read_amino_acid_change(text: str) -> str | None:
    """Read an amino acid change, give it in one-letter codes (`V600E`, `Q1756Pfs*74`); or None.

    Both amino acids are written in the same code: `SEC23A` is a gene.
    """
    found = _CHANGE.fullmatch(text)
    if found is None:
        return None
    first, position, last, end, what = found.groups()
    before = _code(first)
    after = _read_outcome(what, has_span=last is not None, first=first)
    if before is None or after is None:
        return None
    if last is None:
        return f"{before}{position}{after}"
    until = _code(last)
    return None if until is None else f"{before}{position}_{until}{end}{after}"


def _read_amino_acid(text: str) -> Understood | None:
    found = _WITH_CHANGE.fullmatch(text)
    if found is None:
        found = _HYPHENED.fullmatch(text)
        if found is None or found[2].upper() in _GENES_LIKE_CHANGES:
            return None
    if not _SYMBOL.fullmatch(found[1]):
        return None
    symbol, change = write_symbol(found[1]), found[2].strip()
    if canonical := read_amino_acid_change(change):
        notes = _nucleotide_note(change, canonical)
        return Understood(AMINO_ACID, {"geneId": symbol, "aminoacidChange": canonical}, notes)
    if variant_type := read_type(change):
        return Understood(GENE, {"geneId": symbol, "variantType": variant_type})
    if _PLACE_ONLY.fullmatch(change) and _code(change.lstrip("p.(")[:1]):
        raise Refusal(
            f"{change} names an amino acid, but not what it becomes.",
            "Write both, e.g. BRAF V600E",
        )
    return None


def _read_outcome(what: str, *, has_span: bool, first: str) -> str | None:
    """Read what becomes of the amino acids, in one-letter codes."""
    lowered = what.lower()
    if lowered in {"del", "dup"}:
        return lowered
    for keyword in ("delins", "ins"):
        if lowered.startswith(keyword):
            inserted = _codes(what[len(keyword) :])
            return f"{keyword}{inserted}" if inserted else None
    if has_span:
        return None
    if found := _FRAMESHIFT.fullmatch(what):
        replaced = _code(found[1]) if found[1] else ""
        stop = f"*{found[2]}" if found[2] else ""
        return None if replaced is None else f"{replaced}fs{stop}"
    if what == "=":
        return what
    same_code = len(what) == len(first) or not {what.upper(), first.upper()}.isdisjoint(_STOPS)
    return _code(what) if same_code else None


def _code(text: str) -> str | None:
    """Read one amino acid, or a stop, in either code."""
    word = text.upper()
    return _LETTERS.get(word) if len(word) == 1 else _CODES.get(word)


def _codes(text: str) -> str | None:
    """Read a row of amino acids: in three-letter codes if all of them are, else in letters."""
    for size in (3, 1):
        codes = [_code(text[at : at + size]) for at in range(0, len(text), size)]
        if codes and all(codes):
            return "".join(code for code in codes if code)
    return None


def _nucleotide_note(typed: str, canonical: str) -> tuple[str, ...]:
    """Warn where old names of nucleotide changes look the same (MTHFR C677T).

    Below 100 they are rare while amino acid changes such as KRAS G12C are not.
    """
    bases = "ACGT"
    if typed.lower().startswith("p.") or len(typed) != len(canonical) or len(canonical) < 5:
        return ()
    if canonical[0] not in bases or canonical[-1] not in bases:
        return ()
    full = f"{_NAMES[canonical[0]]}{canonical[1:-1]}{_NAMES[canonical[-1]]}"
    return (f"read as the amino acid change {full}; for a change of bases type the position",)
