"""Genomic HGVS: what a description does to which bases."""

import pytest

from aggregator.model.genome import Assembly, GenomeError
from aggregator.text.hgvs import GenomicChange, GenomicKind, HgvsError, normalise, parse_genomic


def change(kind, start0, end0, deleted, inserted, name="7", assembly=Assembly.GRCH38):
    return GenomicChange(name, assembly, start0, end0, kind, deleted, inserted)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("g.140753336A>T", change(GenomicKind.SUBSTITUTION, 140753335, 140753336, "A", "T")),
        ("g.140753336 a > t", change(GenomicKind.SUBSTITUTION, 140753335, 140753336, "A", "T")),
        ("g.100_102del", change(GenomicKind.DELETION, 99, 102, None, "")),
        ("g.100_102delTCT", change(GenomicKind.DELETION, 99, 102, "TCT", "")),
        ("g.100_102del3", change(GenomicKind.DELETION, 99, 102, None, "")),
        ("g.100del", change(GenomicKind.DELETION, 99, 100, None, "")),
        ("g.100_102dup", change(GenomicKind.DUPLICATION, 99, 102, "", None)),
        ("g.100_102dupTCT", change(GenomicKind.DUPLICATION, 99, 102, "", "TCT")),
        ("g.100_101insAC", change(GenomicKind.INSERTION, 100, 100, "", "AC")),
        ("g.100_102delinsAC", change(GenomicKind.DELINS, 99, 102, None, "AC")),
        ("g.100_102delTCTinsAC", change(GenomicKind.DELINS, 99, 102, "TCT", "AC")),
        ("g.100delinsAC", change(GenomicKind.DELINS, 99, 100, None, "AC")),
        ("g.100_102inv", change(GenomicKind.INVERSION, 99, 102, None, None)),
        ("g.1,000_1,002del", change(GenomicKind.DELETION, 999, 1002, None, "")),
    ],
)
def test_every_kind_of_change(text, expected):
    assert parse_genomic(f"NC_000007.14:{text}") == expected


@pytest.mark.parametrize(
    ("text", "name", "assembly"),
    [
        ("NC_000007.13:g.5A>T", "7", Assembly.GRCH37),
        ("nc_000023.11:g.5A>T", "X", Assembly.GRCH38),
        ("refseq:NC_000007.14:g.5A>T", "7", Assembly.GRCH38),
        ("chr7:g.5A>T", "7", None),
        ("7:g.5A>T", "7", None),
        ("X : g.5A>T", "X", None),
        ("NC_012920.1:m.5A>T", "MT", None),
        ("NC_012920.1:g.5A>T", "MT", None),
        ("MT:m.5A>T", "MT", None),
        ("m.5A>T", "MT", None),
    ],
)
def test_the_sequence_tells_chromosome_and_perhaps_assembly(text, name, assembly):
    found = parse_genomic(text)
    assert found is not None
    assert (found.chromosome, found.assembly, found.start0) == (name, assembly, 4)
    assert not found.is_ucsc_mitochondrion


def test_the_mitochondrion_named_m_is_marked():
    found = parse_genomic("chrM:m.3243A>G")
    assert found is not None
    assert found.chromosome == "MT"
    assert found.is_ucsc_mitochondrion


@pytest.mark.parametrize(
    "text",
    [
        "",
        "g.5A>T",
        "NM_007294.4:c.5266dup",
        "NG_005905.2:g.5A>T",
        "BRAF:g.5A>T",
        "NC_000007.14:g.(5_7)_(9_12)del",
        "NC_000007.14:g.5=",
        "NC_000007.14:g.5A>T and more",
        "NC_000007.14:g.5_6ins(10)",
        "7-5-A-T",
    ],
)
def test_other_texts_are_none(text):
    assert parse_genomic(text) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("NC_000007.99:g.5A>T", "belongs to neither"),
        ("NC_000099.1:g.5A>T", "not the accession of a human chromosome"),
        ("NC_000007:g.5A>T", "lacks its version"),
        ("chr99:g.5A>T", "is not a human chromosome"),
    ],
)
def test_unknown_sequences_raise(text, message):
    with pytest.raises(GenomeError, match=message):
        parse_genomic(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("g.0A>T", "no position 0"),
        ("g.12345678901A>T", "beyond the end of every chromosome"),
        ("g.200_100del", "end of the region is before its start"),
        ("g.100_200insA", "two neighbouring positions"),
        ("g.100insA", "two neighbouring positions"),
        ("g.100_102delAC", "span 3 bases, the description says 2"),
        ("g.100_102dup4", "span 3 bases, the description says 4"),
        ("m.5A>T", "not on chromosome 7"),
    ],
)
def test_contradictions_raise(text, message):
    with pytest.raises(HgvsError, match=message):
        parse_genomic(f"NC_000007.14:{text}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" nm_007294.4 : c.5266DUPc ", "NM_007294.4:c.5266dupC"),
        ("NC_000007.14:g.5_6DELINSac", "NC_000007.14:g.5_6delinsAC"),
        ("lrg_292T1:c.68_69del", "LRG_292t1:c.68_69del"),
        ("NP_004324.2:p.Val600Glu", "NP_004324.2:p.Val600Glu"),
        ("NM_004006.3:r.76a>c", "NM_004006.3:r.76a>c"),
    ],
)
def test_descriptions_are_written_as_hgvs_does(text, expected):
    assert normalise(text) == expected
