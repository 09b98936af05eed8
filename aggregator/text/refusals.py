"""Name what people type that no Beacon can be asked, and say what to type instead.

Each of these would otherwise be taken for a gene or a position, and a false "no" be the answer.
"""

import re
from typing import Final

from aggregator.text.genes import lacks_gene, read_amino_acid_change, write_symbol
from aggregator.text.reading import Leftover, Refusal, looks_like_chromosome, shorten

_FLAGS: Final = re.IGNORECASE | re.ASCII
_POSITION_EXAMPLE: Final = "17-43045704-G-A"

_RS: Final = re.compile(r"rs ?([0-9]+)(?![A-Z0-9])", _FLAGS)
_RS_ANYWHERE: Final = re.compile(r"(?<![A-Z0-9])rs([0-9]{2,})(?![A-Z0-9])", _FLAGS)
_IDENTIFIERS: Final = tuple(
    (re.compile(pattern, _FLAGS), what, where)
    for pattern, what, where in (
        (r"ss[0-9]{4,}", "a dbSNP submission id", "dbSNP or Ensembl"),
        (r"COS[MNV] ?[0-9]+", "a COSMIC id", "COSMIC"),
        (r"(?:VCV|RCV|SCV)[0-9]+(?:\.[0-9]+)?", "a ClinVar id", "ClinVar"),
        (r"CA[0-9]{5,}", "a ClinGen allele id", "the ClinGen Allele Registry"),
        (r"(?:[end]?ssv|[en]sv|dgv)[0-9]+[a-z0-9]*", "an id of a structural variant", "dbVar"),
    )
)
_GENE_ID: Final = re.compile(
    r"ENSG[0-9]+(?:\.[0-9]+)?|(?:HGNC|O?MIM|NCBIGENE|LRG)[:_] ?[0-9]+", _FLAGS
)
_SEQUENCE_ALONE: Final = re.compile(
    r"(?:N[GMPRTW]|X[MPR])_[0-9]+(?:\.[0-9]+)?|ENS[PT][0-9]+(?:\.[0-9]+)?", _FLAGS
)
_CYTOBAND: Final = re.compile(
    r"(?:chr)?(?:[1-9]|1[0-9]|2[0-2]|X|Y)[pq][0-9]{1,2}(?:\.[0-9]{1,2})?", _FLAGS
)

_GENE: Final = r"([A-Z][A-Z0-9-]*[A-Z0-9])"
_APOE: Final = re.compile(r"APOE ?[ -]? ?(?:e|ε|ϵ|epsilon)? ?([234])(?: ?/ ?.*)?", re.I)
_STAR: Final = re.compile(rf"{_GENE} ?\* ?[0-9][0-9A-Z:]*(?: ?/ ?\*.*)?", _FLAGS)
_OLD_NAME: Final = re.compile(
    rf"(?:{_GENE} ?[ :,] ?)?[0-9]+(?:[+_-][0-9]+)? ?"
    r"(?:(?:del|ins|dup)[ACGTN0-9]*|[ACGT]+ ?> ?[ACGT]+)",
    _FLAGS,
)
_INTRON_NAME: Final = re.compile(rf"(?:{_GENE} ?[ :,] ?)?IVS ?[0-9]+ ?[+-] ?[0-9]+.*", _FLAGS)
_DELTA: Final = re.compile(rf"{_GENE} ?[ :-]? ?(?:[Δ∆]|delta) ?-?([A-Z]?)([0-9]+)", re.I)
_NO_SEQUENCE: Final = re.compile(r"(?:([^ :]+) ?[ :] ?)?([gcnr])\. ?([0-9*(-].*)", _FLAGS)
_PROTEIN_ALONE: Final = re.compile(r"p\. ?.+", _FLAGS)


def refuse_identifier(text: str) -> None:
    """Raise for ids of variants, genes and sequences."""
    if (rs := _RS.match(text)) and text != "RS1":  # RS1 is a gene
        raise _dbsnp(rs[1])
    for pattern, what, where in _IDENTIFIERS:
        if pattern.fullmatch(text):
            raise Refusal(
                f"{shorten(text)} is {what}; Beacon queries need a position and bases.",
                f"Look up {shorten(text)} at {where} and paste the position, "
                f"e.g. {_POSITION_EXAMPLE}",
            )
    if _GENE_ID.fullmatch(text):
        raise Refusal(
            f"{shorten(text)} is an id of a gene; beacons know genes by their symbols.",
            "Type the symbol, e.g. BRCA1",
        )
    if _SEQUENCE_ALONE.fullmatch(text):
        raise Refusal(
            f"{shorten(text)} is a sequence; the change is missing.",
            "Add it, e.g. NM_007294.4:c.5266dup",
        )


def refuse_named_allele(text: str) -> None:
    """Raise for haplotypes, star alleles, old-style names, cytobands and nameless sequences."""
    if apoe := _APOE.fullmatch(text):
        raise _apoe(apoe[1])
    if _CYTOBAND.fullmatch(text):
        raise Refusal(
            f"{text} is a band of a chromosome; Beacon queries need positions.",
            "Give them as a region, e.g. 17:43044295-43125483",
        )
    if star := _STAR.fullmatch(text):
        raise Refusal(
            f"{shorten(text)} is a star allele; Beacon queries need a position and bases.",
            f"Ask for the variants that define it in {star[1].upper()} one by one, by position.",
        )
    if delta := _DELTA.fullmatch(text):
        _refuse_delta(text, delta)
    old = _OLD_NAME.fullmatch(text) or _INTRON_NAME.fullmatch(text)
    if old and not (old[1] and looks_like_chromosome(old[1])):
        raise _old_style(text)
    _refuse_nameless(text)


def refuse_rest(text: str) -> Refusal:
    """Say that a text is nothing known, or that a dbSNP id is the part that matters."""
    if rs := _RS_ANYWHERE.search(text):
        return _dbsnp(rs[1])
    return Leftover(
        f"“{shorten(text)}” is not understood as a variant, a region or a gene.",
        "For example 1 : 13272 G > C, 17:43044295-43125483, BRCA1 or BRAF V600E",
    )


def _dbsnp(number: str) -> Refusal:
    identifier = f"rs{shorten(number, 20)}"
    return Refusal(
        f"{identifier} is a dbSNP id; Beacon queries need a position and bases.",
        f"Look up {identifier} at dbSNP or Ensembl and paste the position, "
        f"e.g. {_POSITION_EXAMPLE}",
    )


def _apoe(number: str) -> Refusal:
    hints = {
        "2": "Ask for rs7412-T alone: 19-44908822-C-T in GRCh38, 19-45412079-C-T in GRCh37",
        "3": "It is what both references have; e4 has rs429358-C (19-44908684-T-C in GRCh38)",
        "4": "Ask for rs429358-C alone: 19-44908684-T-C in GRCh38, 19-45411941-T-C in GRCh37",
    }
    return Refusal(
        f"APOE e{number} is a haplotype of two variants, which Beacon cannot ask for.",
        hints[number],
    )


def _refuse_delta(text: str, delta: re.Match[str]) -> None:
    symbol = write_symbol(delta[1])
    change = read_amino_acid_change(f"{delta[2]}{delta[3]}del") if delta[2] else None
    if change is None:
        raise _old_style(text)
    raise Refusal(
        f"{shorten(text)} is an old-style name.", f"Write it as {symbol} {shorten(change)}"
    )


def _old_style(text: str) -> Refusal:
    return Refusal(
        f"“{shorten(text)}” is an old-style name: its number is not a position on a chromosome.",
        "Look it up in ClinVar and type the position, e.g. 17-43124027-ACT-A (GRCh38)",
    )


def _refuse_nameless(text: str) -> None:
    if _PROTEIN_ALONE.fullmatch(text):
        raise lacks_gene(shorten(text))
    found = _NO_SEQUENCE.fullmatch(text)
    if found is None:
        return
    change = shorten(f"{found[2].lower()}.{found[3]}", 40)
    if found[2].lower() == "g":
        raise Refusal(
            f"{change} counts on a chromosome, but none is named.",
            f"Put the accession in front, e.g. NC_000017.11:{change}",
        )
    raise Refusal(
        f"{change} counts on a transcript, but none is named.",
        f"Put it in front, e.g. NM_007294.4:{change}, or type the position on the chromosome.",
    )
