"""Variant types: the VCF vocabulary of Beacon v1, and the ontology terms of v2 mapped to it.

The table is that of the Beacon v2 documentation (variant queries, "Term use comparison").
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

VCF_TYPES: Final = frozenset(
    {"DEL", "INS", "DUP", "INV", "BND", "DUP:TANDEM", "DEL:ME", "INS:ME", "SNP", "MNP"}
)
CNV: Final = "CNV"

_SAME: Final[Mapping[str, str]] = {
    "EFO:0030067": "DEL",  # copy number loss
    "EFO:0030070": "DUP",  # copy number gain
    "SO:0001743": "DEL",  # copy_number_loss
    "SO:0001742": "DUP",  # copy_number_gain
    "SO:0000159": "DEL",  # deletion
    "SO:1000035": "DUP",  # duplication
    "SO:1000173": "DUP:TANDEM",  # tandem_duplication
    "SO:0000667": "INS",  # insertion
    "SO:1000036": "INV",  # inversion
    "SO:0001483": "SNP",  # SNV
    "SO:0002007": "MNP",  # MNV
    "SO:0001019": CNV,  # copy_number_variation
    "SNV": "SNP",
    "MNV": "MNP",
}
_NARROWER: Final[Mapping[str, str]] = {
    "EFO:0030068": "DEL",  # low-level copy number loss
    "EFO:0020073": "DEL",  # high-level copy number loss
    "EFO:0030069": "DEL",  # complete genomic loss
    "EFO:0030071": "DUP",  # low-level copy number gain
    "EFO:0030072": "DUP",  # high-level copy number gain
    "EFO:0030073": "DUP",  # focal genome amplification
}
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {"SNP": ("SNP", "SNV"), "MNP": ("MNP", "MNV")}
"""What servers write for a VCF type, where there is more than its own name."""


@dataclass(frozen=True, slots=True)
class VcfType:
    """A VCF type standing for what was asked; broader if it is the parent of a finer term."""

    name: str
    is_broader: bool


def vcf_types(variant_type: str) -> tuple[VcfType, ...]:
    """Say a variant type in VCF's words; CNV is a deletion or a duplication.

    Empty where VCF has no counterpart.
    """
    name = _plain(variant_type)
    name = _SAME.get(name, name)
    if name == CNV:
        return (VcfType("DEL", is_broader=False), VcfType("DUP", is_broader=False))
    if name in VCF_TYPES:
        return (VcfType(name, is_broader=False),)
    return (VcfType(_NARROWER[name], is_broader=True),) if name in _NARROWER else ()


def words_for(vcf_type: str) -> tuple[str, ...]:
    """Give the words servers compare a VCF type with, beside ontology terms."""
    return _WORDS.get(vcf_type, (vcf_type,))


def is_cnv(variant_type: str) -> bool:
    """Whether this means any copy number variation, a loss or a gain."""
    name = _plain(variant_type)
    return _SAME.get(name, name) == CNV


def same_type(one: str, other: str) -> bool | None:
    """Whether two spellings name one type; None where one of them is not known here."""
    if _plain(one) == _plain(other):
        return True
    ours, theirs = vcf_types(one), vcf_types(other)
    if not ours or not theirs:
        return None
    return {kind.name for kind in ours} == {kind.name for kind in theirs}


def _plain(name: str) -> str:
    return name.strip().strip("<>").upper()
