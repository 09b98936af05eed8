"""Read HGVS descriptions: substitutions on a chromosome as alleles, all others as short forms.

Members compare short forms as text, so only what HGVS leaves no choice about is rewritten.
"""

import re
from typing import Final

from aggregator.model.genome import MITOCHONDRION, refseq_accession
from aggregator.text.alleles import check_fits, read_change
from aggregator.text.hgvs import (
    GenomicChange,
    GenomicKind,
    normalise,
    parse_accession,
    parse_genomic,
    squeeze,
)
from aggregator.text.locus import SEQUENCE
from aggregator.text.reading import (
    Frame,
    Leftover,
    Refusal,
    Understood,
    find_place,
    shorten,
)

SHORT_FORM: Final = "HGVS short form"
SUBSTITUTION: Final = "HGVS substitution"
_FLAGS: Final = re.IGNORECASE | re.ASCII
_DESCRIPTION: Final = re.compile(
    r"(?:([A-Z0-9_.:]+)(\([A-Z0-9_.-]+\))?:)?([gmcnrp])\.([A-Z0-9_+*?()<>=;,:/\[\]-]+)", _FLAGS
)
_START: Final = re.compile(r"((?:[A-Z]{2,4}_?[0-9]+[^ :]*:[gmcnrp]|m)\.[^ ]+) (.+)", _FLAGS)
_SEQUENCE_ID: Final = re.compile(
    r"(?:refseq:)?(?:N[CGMPRTW]|X[MPR])_[0-9]{1,9}(?:\.[0-9]{1,3})?|ENS[EGPRT][0-9]{1,15}(?:\.[0-9]{1,3})?|"
    r"LRG_[0-9]{1,6}(?:[tp][0-9]{1,3})?",
    _FLAGS,
)
_PROTEIN_REMARK: Final = re.compile(r" ?\(p\.[^()]*(?:\([^()]*\))?\)$", _FLAGS)
# `MT-TL1 m.3243A>G`: the position tells more than the gene.
_MITOCHONDRIAL_GENE: Final = re.compile(r"MT-[A-Z0-9]{1,8}[ :](?=m\.)", _FLAGS)
_LEFT_OUT: Final = "what stood in brackets was left out"
_ONLY_POSITIONS: Final = re.compile(r"[0-9_+*?()-]+")


def read_description(text: str, frame: Frame) -> Understood | None:
    """Read an HGVS description that names its sequence; None for any other text."""
    squeezed = _MITOCHONDRIAL_GENE.sub("", squeeze(text))
    without_remark = _PROTEIN_REMARK.sub("", squeezed)
    found = _DESCRIPTION.fullmatch(without_remark)
    if found is None:
        _refuse_appendix(squeezed)
        return None
    where, gene, letter, change = found.groups()
    if genomic := parse_genomic(without_remark):
        return _read_genomic(genomic, where, normalise(f":{letter}.{change}"), frame)
    if where is None or not _SEQUENCE_ID.fullmatch(where):
        return None
    if where.upper().removeprefix("REFSEQ:").startswith("NC_"):
        parse_accession(where)
        find_place(where, frame)
    _check_change(without_remark, letter, change)
    sequence, left_out = _sequence(where, gene)
    notes = (_LEFT_OUT,) if left_out or without_remark != squeezed else ()
    short_form = normalise(f"{sequence}:{letter}.{change}")
    return Understood(SHORT_FORM, {"genomicAlleleShortForm": short_form}, notes)


def _check_change(text: str, letter: str, change: str) -> None:
    if _ONLY_POSITIONS.fullmatch(change):
        raise Refusal(
            f"{shorten(text)} names a place, but no change.", "For example NM_007294.4:c.5266dup"
        )
    if change.endswith("=") and letter.lower() != "p":
        raise Refusal("Reference and alternate base are the same.")


def _sequence(where: str, remark: str | None) -> tuple[str, bool]:
    """Leave out a gene named beside its transcript (as ClinVar does), keep a transcript."""
    where = where.upper().removeprefix("REFSEQ:")
    if remark is None or "_" in remark:
        return where + (remark or ""), False
    return where, True


def _read_genomic(
    change: GenomicChange, where: str | None, description: str, frame: Frame
) -> Understood:
    place = find_place(where or MITOCHONDRION, frame)
    check_fits(place, change.end0)
    if change.kind is GenomicKind.SUBSTITUTION:
        # "m." counts on the mitochondrion by itself, as a chromosome name does.
        kind = SEQUENCE if description.startswith(":m.") else SUBSTITUTION
        return read_change(kind, place, change.start0, change.deleted or "", change.inserted or "")
    accession = refseq_accession(place.chromosome, place.assembly) or place.chromosome
    # An accession tells its assembly; a chromosome name had to be given the one of the text.
    notes = () if where is None or "_" in where else place.notes
    return Understood(SHORT_FORM, {"genomicAlleleShortForm": f"{accession}{description}"}, notes)


def _refuse_appendix(text: str) -> None:
    """Refuse a description with something behind it, rather than read a part of the text."""
    if found := _START.fullmatch(text):
        raise Leftover(
            f"“{shorten(found[2], 40)}” after the description is not understood.",
            f"Paste the description alone: {shorten(found[1])}",
        )
