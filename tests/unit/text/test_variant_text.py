"""The search box: what is understood, and what is refused with which way out."""

import json
import os
from pathlib import Path

import pytest

from aggregator.model.genome import WRONG_MITOCHONDRION
from aggregator.text.variant_text import Misread, Understood, parse, understand
from tests.speed import least_s

SHARED = Path(os.environ.get("BEACON_SHARED") or Path(__file__).parents[4] / "shared")
VECTORS = SHARED / "vectors" / "query-text.json"


def sequence(name, start, ref, alt, assembly="GRCh38"):
    return {
        "assemblyId": assembly,
        "referenceName": name,
        "start": [start],
        "referenceBases": ref,
        "alternateBases": alt,
    }


def region(name, start, end, assembly="GRCh38", **more):
    return {
        "assemblyId": assembly,
        "referenceName": name,
        "start": start if isinstance(start, list) else [start],
        "end": end if isinstance(end, list) else [end],
        **more,
    }


def gene(symbol, change=None):
    return {"geneId": symbol} | ({"aminoacidChange": change} if change else {})


def event(name, start, ref, variant_type):
    return {
        "assemblyId": "GRCh38",
        "referenceName": name,
        "start": [start],
        "referenceBases": ref,
        "variantType": variant_type,
    }


def short(text):
    return {"genomicAlleleShortForm": text}


def typed(assembly):
    return f"assembly taken from the query: {assembly}"


def trimmed(start, change):
    return f"as typed; inside, the allele is trimmed to start {start}, {change}"


SPDI_NOTE = "SPDI positions are 0-based and were used as they are"
BRAF = sequence("7", 140753335, "A", "T")
BRCA1 = sequence("17", 43045703, "G", "A")
F508DEL = sequence("7", 117559590, "TCT", "")

PUBLISHED = [
    ("1 : 13272 G > C", "sequence", sequence("1", 13271, "G", "C"), []),
    ("17-43045704-G-A", "sequence", BRCA1, []),
    ("chr17:43,045,704 G>A", "sequence", BRCA1, []),
    ("MT:10T>C", "sequence", sequence("MT", 9, "T", "C"), []),
    (
        "GRCh37 | 11-87202-G-T",
        "sequence",
        sequence("11", 87201, "G", "T", "GRCh37"),
        [typed("GRCh37")],
    ),
    ("hg19 11-87202-G-T", "sequence", sequence("11", 87201, "G", "T", "GRCh37"), [typed("GRCh37")]),
    ("1 : 104431390 C > INS", "sequence", event("1", 104431389, "C", "INS"), []),
    (
        "NC_000017.11:g.43057063G>A",
        "HGVS substitution",
        sequence("17", 43057062, "G", "A"),
        [],
    ),
    (
        "NC_000017.10:g.43057063G>A",
        "HGVS substitution",
        sequence("17", 43057062, "G", "A", "GRCh37"),
        ["assembly taken from NC_000017.10: GRCh37"],
    ),
    ("NC_000017.11:43057062:G:A", "SPDI", sequence("17", 43057062, "G", "A"), [SPDI_NOTE]),
    ("7\t140753336\trs113488022\tA\tT", "sequence", BRAF, []),
    (
        "9:21000001-21975098--21967753-23000000:DEL",
        "bracket",
        region("9", [21000000, 21975098], [21967753, 23000001], variantType="DEL"),
        [],
    ),
    ("17:43044295-43125483", "range", region("17", 43044294, 43125483), []),
    ("BRCA1", "gene", gene("BRCA1"), []),
    ("BRCA1:p.Pro1856Ser", "gene + amino acid change", gene("BRCA1", "P1856S"), []),
    ("NM_007294.4:c.5266dup", "HGVS short form", short("NM_007294.4:c.5266dup"), []),
    ("m.3243A>G", "sequence", sequence("MT", 3242, "A", "G"), []),
    ("BRAF V600E", "gene + amino acid change", gene("BRAF", "V600E"), []),
    (
        "7-117559590-ATCT-A",
        "sequence",
        sequence("7", 117559589, "ATCT", "A"),
        [trimmed(117559590, "TCT deleted")],
    ),
]

PUBLISHED_REFUSALS = [
    (
        "NC_000017.12:g.43057063G>A",
        "NC_000017.12 belongs to neither GRCh37 (.10) nor GRCh38 (.11).",
        "",
    ),
    (
        "17:43125483-43044295",
        "The end of the region is before its start.",
        "Did you mean 17:43044295-43125483 ?",
    ),
    (
        "rs80357906",
        "rs80357906 is a dbSNP id; Beacon queries need a position and bases.",
        "Look up rs80357906 at dbSNP or Ensembl and paste the position, e.g. 17-43045704-G-A",
    ),
    (
        "25 : 1 A > T",
        "“25” is not a human chromosome.",
        "Use 1–22, X, Y or MT; a “chr” prefix is fine.",
    ),
    ("1 : 5 A > A", "Reference and alternate base are the same.", ""),
    (
        "7:140753336",
        "That is a position without bases.",
        "Add them (7 : 140753336 G > A) or give a range (7:140753336-140753336)",
    ),
    ("", "Type a variant, a region or a gene.", "For example 1 : 13272 G > C"),
]


@pytest.mark.parametrize(("text", "kind", "parameters", "notes"), PUBLISHED)
def test_published_examples_are_understood(text, kind, parameters, notes):
    assert parse(text, "GRCh38") == {
        "input": text,
        "assembly": "GRCh38",
        "kind": kind,
        "parameters": parameters,
        "notes": notes,
    }


@pytest.mark.parametrize(("text", "error", "hint"), PUBLISHED_REFUSALS)
def test_published_examples_are_refused(text, error, hint):
    assert parse(text, "GRCh38") == {
        "input": text,
        "assembly": "GRCh38",
        "error": error,
        "hint": hint,
    }


def test_the_vectors_hold():
    if not VECTORS.exists():
        pytest.skip(f"the vectors are not at {VECTORS}; BEACON_SHARED names their folder")
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
    assert [parse(each["input"], each["assembly"]) for each in vectors] == vectors


def understood(text, assembly="GRCh38"):
    result = understand(text, assembly)
    assert isinstance(result, Understood), result
    return result


def refused(text, assembly="GRCh38"):
    result = understand(text, assembly)
    assert isinstance(result, Misread), result
    return result


@pytest.mark.parametrize(
    "text",
    [
        "7-140753336-A-T",
        "7 140753336 A T",
        "7\t140753336\tA\tT",
        "7/140753336/A/T",
        "7|140753336|A|T",
        "7:140753336:A:T",
        "7_140753336_A_T",
        "chr7_140753336_A_T_b38",
        "GRCh38:7:140753336:A:T",
        "chr7:140753336A>T",
        "chr7:140753336 A/T",
        "CHR7 : 140753336 a > t",
        "chromosome 7 : 140753336 A -> T",
        "chr07:140753336 A=>T",
        "7:140,753,336 A>T",
        "7:140.753.336 A>T",
        "7:140_753_336 A>T",
        "7:140'753'336 A>T",
        "7:140’753’336 A>T",
        "7:140 753 336 A>T",
        "7\u00a0:\u00a0140\u202f753\u202f336\u00a0A\u00a0>\u00a0T",
        "7 140\u2009753\u2009336 A T",
        "7–140753336–A–T",
        "7—140753336—A—T",
        "7：140753336 Ａ＞Ｔ",
        "7:140753336 A→T",
        "\ufeff7-140753336\u200b-A-T\n",
        "“7-140753336-A-T”",
        "`7-140753336-A-T`",
        "(7-140753336-A-T).",
        "7-140753336-A-T;",
        "GRCh38.p13 7-140753336-A-T",
        "7-140753336-A-T (hg38)",
        "7-140753336-A-T|GRCh38",
        "7 140753336 . A T",
        "7\t140753336\t.\tA\tT\t50\tPASS\tAC=2\tGT\t0/1",
        "#CHROM\tPOS\tID\tREF\tALT\n7\t140753336\t.\tA\tT",
        "7 140753336 140753336 A T",
        "7:140753336-140753336 A>T",
        "NC_000007.14 140753336 A T",
    ],
)
def test_every_notation_of_an_allele_is_the_same_question(text):
    assert understood(text) == Understood("sequence", BRAF, ())


@pytest.mark.parametrize(
    "text",
    [
        "7-117559591-TCT--",
        "7-117559591-TCT-",
        "7 117559591 TCT -",
        "7 117559591 TCT .",
        "7:117559591 TCT>-",
        "7:117559591 TCT > .",
        "7-117559591-TCT—",
    ],
)
def test_a_dash_or_a_point_is_an_empty_side(text):
    assert understood(text) == Understood("sequence", F508DEL, ())


@pytest.mark.parametrize(
    "text", ["7-117559591--TCT", "7-117559591---TCT", "7 117559591 - TCT", "7:117559591 ->TCT"]
)
def test_an_insertion_may_have_an_empty_reference(text):
    inserted = sequence("7", 117559590, "", "TCT")
    assert understood(text) == Understood("sequence", inserted, ())


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("5-171410539-C-CTCTG", "trimmed to start 171410539, TCTG inserted"),
        ("1-100-CAT-CGG", "trimmed to start 100, AT replaced by GG"),
        ("1-100-AG-CG", "trimmed to start 99, A replaced by C"),
        ("7-117559591-TCTT-T", "trimmed to start 117559590, TCT deleted"),
        (f"1-100-A{'CG' * 40}-A", "trimmed to start 100, 80 bases deleted"),
    ],
)
def test_a_padded_allele_stays_as_typed_and_says_what_it_is_inside(text, change):
    [note] = understood(text).notes
    assert note == f"as typed; inside, the allele is {change}"


def test_wildcards_are_left_alone():
    text = "MT : 195 TTACTAAAGT > NNNNNNNNGT"
    wanted = sequence("MT", 194, "TTACTAAAGT", "NNNNNNNNGT")
    assert understood(text) == Understood("sequence", wanted, ())


def test_rna_letters_become_dna():
    assert understood("1:100 A>U") == Understood(
        "sequence", sequence("1", 99, "A", "T"), ("U was read as T",)
    )
    assert understood("1:100 T>U").parameters["alternateBases"] == "U"


@pytest.mark.parametrize(
    ("text", "variant_type"),
    [
        ("1:100 C>DEL", "DEL"),
        ("1:100 C > <DUP>", "DUP"),
        ("1:100 C<INS>", "INS"),
        ("1-100-C-dup:tandem", "DUP:TANDEM"),
        ("1:100:C:DEL:ME:ALU", "DEL:ME:ALU"),
        ("1 100 . C <INV> . PASS END=200", "INV"),
        ("1:100 C>CNV", "CNV"),
        ("1:100 C>BND", "BND"),
        ("1:100 C>SNV", "SNV"),
    ],
)
def test_variant_types_come_before_bases(text, variant_type):
    assert understood(text).parameters == event("1", 99, "C", variant_type)


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("17:43044295..43125483", region("17", 43044294, 43125483)),
        ("17-43044295-43125483", region("17", 43044294, 43125483)),
        ("chr17 43,044,295–43,125,483", region("17", 43044294, 43125483)),
        ("17:43 044 295 to 43 125 483", region("17", 43044294, 43125483)),
        ("NC_000017.11:43044295-43125483", region("17", 43044294, 43125483)),
        ("17:100-200 DEL", region("17", 99, 200, variantType="DEL")),
        ("17:100-200:<dup>", region("17", 99, 200, variantType="DUP")),
        ("17:100-200 EFO:0030070", region("17", 99, 200, variantType="EFO:0030070")),
        ("17:100-100", region("17", 99, 100)),
    ],
)
def test_regions(text, parameters):
    assert understood(text) == Understood("range", parameters, ())


def test_a_long_dash_between_windows_is_two_dashes():
    text = "9:21000001-21975098—21967753-23000000 DEL"
    assert understood(text).parameters == region(
        "9", [21000000, 21975098], [21967753, 23000001], variantType="DEL"
    )


def test_an_exact_bracket():
    assert understood("9:100-100--200-200").parameters == region("9", [99, 100], [200, 201])


@pytest.mark.parametrize(
    ("text", "kind", "parameters", "notes"),
    [
        ("chr7:g.140753336A>T", "HGVS substitution", BRAF, ()),
        ("7:g.140,753,336 A > T", "HGVS substitution", BRAF, ()),
        ("nc_000007.14:g.140753336a>t", "HGVS substitution", BRAF, ()),
        ("refseq:NC_000007.14:g.140753336A>T", "HGVS substitution", BRAF, ()),
        ("NC_012920.1:m.3243A>G", "sequence", sequence("MT", 3242, "A", "G"), ()),
        ("MT-TL1 m.3243A>G", "sequence", sequence("MT", 3242, "A", "G"), ()),
        ("MT:m.3243A>G", "sequence", sequence("MT", 3242, "A", "G"), ()),
        ("NC_012920.1:g.3243A>G", "HGVS substitution", sequence("MT", 3242, "A", "G"), ()),
        ("NC_012920.1:3242:A:G", "SPDI", sequence("MT", 3242, "A", "G"), (SPDI_NOTE,)),
        ("NC_000007.14:117559590:TCT:", "SPDI", F508DEL, (SPDI_NOTE,)),
        ("NC_000007.14:0::T", "SPDI", sequence("7", 0, "", "T"), (SPDI_NOTE,)),
        (
            "NC_000007.13:117199644:CTT:",
            "SPDI",
            sequence("7", 117199644, "CTT", "", "GRCh37"),
            ("assembly taken from NC_000007.13: GRCh37", SPDI_NOTE),
        ),
    ],
)
def test_hgvs_and_spdi_of_a_chromosome(text, kind, parameters, notes):
    assert understood(text) == Understood(kind, parameters, notes)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("NC_000007.14:g.117559592_117559594del", None),
        ("nc_000007.14:g.117559592_117559594DELctt", "NC_000007.14:g.117559592_117559594delCTT"),
        ("NC_000007.13:g.117199646_117199648del", None),
        ("7:g.117559592_117559594del", "NC_000007.14:g.117559592_117559594del"),
        ("m.8470_13446del", "NC_012920.1:m.8470_13446del"),
        ("NC_000017.11:g.100_101insA", None),
        ("NC_000017.11:g.100dup", None),
        ("NC_000017.11:g.100_120inv", None),
        ("NC_000017.11:g.100_102delinsAA", None),
        ("NC_000023.11:g.(?_31121931)_(33339609_?)del", None),
        ("NM_004006.2:c.4375C>T", None),
        (" nm_007294.4 : c.5266DUPc ", "NM_007294.4:c.5266dupC"),
        ("ENST00000357654.9:c.5266dup", None),
        ("NP_004324.2:p.Val600Glu", None),
        ("LRG_292t1:c.68_69del", None),
        ("NC_000017.11(NM_007294.4):c.5266dup", None),
    ],
)
def test_other_descriptions_are_short_forms(text, form):
    assert understood(text) == Understood("HGVS short form", short(form or text), ())


def test_a_clinvar_title_is_a_short_form_without_what_is_in_brackets():
    result = understood("NM_007294.4(BRCA1):c.5266dup (p.Gln1756fs)")
    assert result.parameters == short("NM_007294.4:c.5266dup")
    assert result.notes == ("what stood in brackets was left out",)


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        ("brca1", "BRCA1"),
        ("c9ORF72", "C9orf72"),
        ("CXorf38", "CXorf38"),
        ("HLA-DRB1", "HLA-DRB1"),
        ("nkx2-5", "NKX2-5"),
        ("MT-ND4", "MT-ND4"),
        ("ＢＲＣＡ１", "BRCA1"),
        ("hg19 BRCA1", "BRCA1"),
        ("S100B", "S100B"),
        ("F11R", "F11R"),
        ("SEC23A", "SEC23A"),
        ("RS1", "RS1"),
        ("SS18", "SS18"),
        ("INS", "INS"),
        ("CHRM2", "CHRM2"),
    ],
)
def test_gene_symbols(text, symbol):
    assert understood(text) == Understood("gene", gene(symbol), ())


def test_a_gene_with_a_variant_type():
    assert understood("brca1 del").parameters == {"geneId": "BRCA1", "variantType": "DEL"}


@pytest.mark.parametrize(
    ("text", "symbol", "change"),
    [
        ("BRAF p.V600E", "BRAF", "V600E"),
        ("braf v600e", "BRAF", "V600E"),
        ("BRAF:V600E", "BRAF", "V600E"),
        ("BRAF-V600E", "BRAF", "V600E"),
        ("BRAF(V600E)", "BRAF", "V600E"),
        ("BRAF:p.Val600Glu", "BRAF", "V600E"),
        ("BRAF p.(Val600Glu)", "BRAF", "V600E"),
        ("BRAF p.(val600GLU) hg38", "BRAF", "V600E"),
        ("TP53 R213*", "TP53", "R213*"),
        ("TP53 R213X", "TP53", "R213*"),
        ("TP53 p.Arg213Ter", "TP53", "R213*"),
        ("TP53 p.Ter394Cys", "TP53", "*394C"),
        ("TP53 p.*394Cys", "TP53", "*394C"),
        ("TP53 p.R213Ter", "TP53", "R213*"),
        ("KRAS G12C", "KRAS", "G12C"),
        ("CFTR p.Phe508del", "CFTR", "F508del"),
        ("BRCA1 p.Gln1756ProfsTer74", "BRCA1", "Q1756Pfs*74"),
        ("BRCA1 p.Gln1756fs", "BRCA1", "Q1756fs"),
        ("EGFR p.Glu746_Ala750del", "EGFR", "E746_A750del"),
        ("EGFR E746_S752delinsV", "EGFR", "E746_S752delinsV"),
        ("EGFR p.Ala767_Val769dup", "EGFR", "A767_V769dup"),
        ("ERBB2 p.Gly776delinsValCys", "ERBB2", "G776delinsVC"),
        ("BRCA1 p.Pro1856=", "BRCA1", "P1856="),
    ],
)
def test_amino_acid_changes_are_in_one_letter_codes(text, symbol, change):
    assert understood(text) == Understood("gene + amino acid change", gene(symbol, change), ())


def test_an_amino_acid_change_that_reads_like_bases_is_marked():
    result = understood("MTHFR C677T")
    assert result.parameters == gene("MTHFR", "C677T")
    assert result.notes == (
        "read as the amino acid change Cys677Thr; for a change of bases type the position",
    )
    assert understood("MTHFR p.C677T").notes == ()


class TestAssembly:
    def test_the_text_wins_and_says_so(self):
        result = understood("17-43045704-G-A hg19", "GRCh38")
        assert result.parameters["assemblyId"] == "GRCh37"
        assert result.notes == (typed("GRCh37"),)

    @pytest.mark.parametrize("chosen", ["hg19", "GRCh37", "GRCh37.p13", "b37"])
    def test_it_says_nothing_where_both_agree(self, chosen):
        assert understood("GRCh37 17-43045704-G-A", chosen).notes == ()

    @pytest.mark.parametrize(
        ("chosen", "name"), [("hg38", "GRCh38"), ("b37", "GRCh37"), ("hg18", "NCBI36")]
    )
    def test_parameters_spell_it_canonically(self, chosen, name):
        assert understood("17-43045704-G-A", chosen).parameters["assemblyId"] == name

    def test_an_accession_against_the_text_is_refused(self):
        result = refused("hg19 NC_000017.11:g.43057063G>A")
        assert result.error == "NC_000017.11 belongs to GRCh38, but the text also says GRCh37."

    def test_two_assemblies_are_refused(self):
        assert "two assemblies" in refused("hg19 17-1-A-T hg38").error

    @pytest.mark.parametrize("text", ["GRCh39 1:5 A>T", "1:5 A>T (hg17)", "mm10 1:5 A>T"])
    def test_an_unknown_one_in_the_text_is_refused(self, text):
        assert "is not a human assembly known here" in refused(text).error

    def test_an_unknown_one_in_the_picker_is_named(self):
        result = refused("1 : 13272 G > C", "GRCh99")
        assert result.error == "“GRCh99” is not a human assembly known here."

    def test_one_alone_is_no_question(self):
        assert refused("hg38").error == "GRCh38 is an assembly; the question is missing."

    def test_a_name_with_a_typed_assembly_makes_the_accession(self):
        result = understood("hg19 7:g.117199646_117199648del")
        assert result.parameters == short("NC_000007.13:g.117199646_117199648del")
        assert result.notes == (typed("GRCh37"),)


class TestMitochondrion:
    @pytest.mark.parametrize(
        ("text", "chosen"),
        [
            ("chrM:3243A>G", "hg19"),
            ("hg19 M-3243-A-G", "GRCh38"),
            ("hg18 MT-3243-A-G", "GRCh38"),
            ("chrM:m.3243A>G", "hg19"),
            ("m.3243A>G", "NCBI36"),
        ],
    )
    def test_another_sequence_is_refused(self, text, chosen):
        result = refused(text, chosen)
        assert f"{result.error} {result.hint}" == WRONG_MITOCHONDRION

    @pytest.mark.parametrize("text", ["M:3243A>G", "chrM-3243-A-G", "MT:3243 A>G", "chrMT:3243A>G"])
    def test_in_grch38_both_names_are_the_rcrs(self, text):
        assert understood(text).parameters == sequence("MT", 3242, "A", "G")

    @pytest.mark.parametrize("text", ["NC_012920.1:m.3243A>G", "m.3243A>G", "MT:3243A>G"])
    def test_hg19_with_the_name_of_the_rcrs_is_fine(self, text):
        assert understood(text, "hg19").parameters == sequence("MT", 3242, "A", "G", "GRCh37")

    def test_the_accession_is_fine_whatever_assembly_was_chosen(self):
        result = understood("NC_012920.1:m.3243A>G", "hg18")
        assert result.parameters == sequence("MT", 3242, "A", "G")
        assert result.notes == ("assembly taken from NC_012920.1: GRCh38",)

    def test_m_counts_on_no_other_chromosome(self):
        assert "not on chromosome 17" in refused("NC_000017.11:m.5A>T").error


class TestPseudoautosomal:
    def test_an_allele_on_y_offers_x(self):
        [note] = understood("Y-56887903-A-T").notes
        assert "ask X-155701383-A-T as well" in note

    def test_a_region_and_a_type_offer_x(self):
        assert "ask X:20000-30000 as well" in understood("Y:20000-30000").notes[0]
        assert "ask X : 20000 A > DEL as well" in understood("Y:20000 A>DEL").notes[0]

    def test_a_region_that_leaves_it_does_not(self):
        assert understood("Y:20000-3000000").notes == ()

    def test_other_positions_of_y_do_not(self):
        assert understood("Y-20577481-T-C").notes == ()


@pytest.mark.parametrize(
    ("text", "error", "hint"),
    [
        ("1 : 0 A > T", "There is no position 0", "Add 1 to a 0-based start"),
        ("1:0-100", "There is no position 0", ""),
        ("NC_000017.11:g.0A>T", "There is no position 0", "g.1"),
        (
            "1:248956423 A>T",
            "Position 248,956,423 is beyond the end of chromosome 1 in GRCh38 (248,956,422 bases).",
            "Wrong assembly? It fits in GRCh37.",
        ),
        ("17:99999999 A>T", "is beyond the end of chromosome 17", ""),
        ("17:1-99999999", "is beyond the end of chromosome 17", ""),
        ("17:1-2--3-99999999", "is beyond the end of chromosome 17", ""),
        ("17:99999999", "is beyond the end of chromosome 17", ""),
        ("NC_000017.11:g.99999999del", "is beyond the end of chromosome 17", ""),
        ("NC_000017.11:99999999:A:T", "is beyond the end of chromosome 17", ""),
        ("17:123456789012 A>T", "beyond the end of every chromosome", "249 million"),
        ("17:43125483-43044295 DEL", "end of the region", "17:43044295-43125483 DEL ?"),
        ("9:200-100--300-400", "end of the region", "Did you mean 9:100-200--300-400 ?"),
        ("9:300-400--100-200:DEL", "end of the region", "9:100-200--300-400:DEL ?"),
        ("NC_000017.11:g.200_100del", "end of the region", "100_200"),
        ("NC_000017.11:g.100_200insA", "two neighbouring positions", "g.100_101insA"),
        ("NC_000017.11:g.100_101delAAA", "span 2 bases, the description says 3", ""),
        ("1 : 5 AC > ac", "Reference and alternate base are the same.", ""),
        ("NC_000017.11:43057062:G:G", "Reference and alternate base are the same.", ""),
        ("NC_000017.11:g.43057063=", "Reference and alternate base are the same.", ""),
        ("7-117559591--", "both empty", "7-117559591-TCT--"),
        ("7:117559591 >T", "The reference base is missing.", "7 : 117559591 G > A"),
        ("7:117559591 A>", "The alternate base is missing.", "7-117559591-A--"),
        ("7:117559591:A:", "The alternate base is missing.", ""),
        ("7 117559591 A", "The alternate base is missing.", "7 : 117559591 A > G"),
        ("7:117559591 DEL", "DEL at a single position", "a region"),
        ("7:117559591delA", "HGVS notation", "7:g.117559591delA"),
        ("7 140753336 . A .", "no alternate bases", "no variant was called"),
        ("7 140753336 . A C,T", "several alternates", "Start with 7-140753336-A-C"),
        ("7:140753336 A>C,T", "several alternates", "Start with 7-140753336-A-C"),
        ("1:100 C>STR", "“STR” is neither bases nor a variant type.", "DUP:TANDEM"),
        ("1:100 E>A", "“E” is neither bases nor a variant type.", "A, C, G, T"),
        ("1:100 А>Т", "is not understood", ""),  # Cyrillic letters
        ("17:100-200 foo", "“foo” after the region is not a variant type.", "DEL"),
        ("17:43045704 G>A BRCA1", "“G>A BRCA1” after the position", ""),
        ("NC_000007.14:100:3:", "how many bases are deleted, but not which", ""),
        ("NC_000007:g.100A>T", "NC_000007 lacks its version", "NC_000007.13 for GRCh37"),
        ("NC_000007:100:A:T", "NC_000007 lacks its version", "NC_000007.14 for GRCh38"),
        ("NC_012920:m.3243A>G", "lacks its version", "NC_012920.1"),
        ("NC_000099:g.5A>T", "not the accession of a human chromosome", ""),
        ("NC_001807.4:m.5A>T", "not the mitochondrial sequence", "NC_012920.1"),
        ("NM_007294.4:c.5266", "names a place, but no change", ""),
        ("NC_000007.14:g.140753336A>T p.Val600Glu", "after the description", "alone"),
    ],
)
def test_faults_of_positions_and_bases_are_named(text, error, hint):
    result = refused(text)
    assert error in result.error
    assert hint in result.hint


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("1 100 200", "It is not clear which of the numbers is the position."),
        ("17 43 045 704 G>A", "It is not clear which of the numbers is the position."),
        ("chr17_43_045_704_G_A", "It is not clear which of the numbers is the position."),
        ("17:43,04,704 G>A", "It is not clear which of the numbers is the position."),
        ("17:43,045.704 G>A", "“43,045.704” is not clear as a position."),
        ("1 13 272 G C", "It is not clear what 272 means: the reference bases end elsewhere."),
        ("7:100-105 A>T", "It is not clear what 105 means: the reference bases end elsewhere."),
        ("7 140753336 A T PASS", "It is not clear which columns hold the bases."),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(text, error):
    assert refused(text).error == error


@pytest.mark.parametrize(
    "text", ["chr99:5 A>T", "Z:5 A>T", "Z-5-A-T", "chrUn_GL000220v1:5 A>T", "99", "0:5 A>T"]
)
def test_unknown_chromosomes_are_named(text):
    name = text.partition(":")[0].partition("-")[0]
    assert refused(text).error == f"“{name}” is not a human chromosome."


@pytest.mark.parametrize("text", ["17", "chr17", "X", "MT:", "Y chromosome", "NC_000017.11"])
def test_a_chromosome_alone_is_no_question(text):
    assert refused(text).error == "That is a chromosome without a position."


@pytest.mark.parametrize(
    ("text", "error", "hint"),
    [
        ("RS334", "rs334 is a dbSNP id", "Look up rs334"),
        ("rs334 A>T", "rs334 is a dbSNP id", ""),
        ("BRAF rs113488022", "rs113488022 is a dbSNP id", ""),
        ("ss12345678", "a dbSNP submission id", "dbSNP"),
        ("COSM476", "a COSMIC id", "COSMIC"),
        ("VCV000013961.5", "a ClinVar id", "ClinVar"),
        ("CA123643", "a ClinGen allele id", "ClinGen"),
        ("nsv483129", "an id of a structural variant", "dbVar"),
        ("ENSG00000012048", "an id of a gene", "BRCA1"),
        ("HGNC:1100", "an id of a gene", "symbol"),
        ("NM_007294.4", "the change is missing", "NM_007294.4:c.5266dup"),
        ("APOE e4", "haplotype of two variants", "19-44908684-T-C in GRCh38"),
        ("APOE4", "haplotype of two variants", "rs429358-C"),
        ("APOE ε2/ε3", "haplotype of two variants", "rs7412-T"),
        ("TPMT *3C", "a star allele", "TPMT"),
        ("HLA-B*57:01", "a star allele", "HLA-B"),
        ("17q21.31", "a band of a chromosome", "17:43044295-43125483"),
        ("Xp22", "a band of a chromosome", ""),
        ("BRCA1 185delAG", "old-style name", "17-43124027-ACT-A"),
        ("BRCA1:5382insC", "old-style name", ""),
        ("MTHFR 677C>T", "old-style name", ""),
        ("CFTR IVS8-5T", "old-style name", ""),
        ("CCR5 delta 32", "old-style name", ""),
        ("CFTR ΔF508", "old-style name", "CFTR F508del"),
        ("BRCA1 c.68_69delAG", "counts on a transcript", "NM_007294.4:c.68_69delAG"),
        ("c.68_69del", "counts on a transcript", ""),
        ("g.100A>T", "counts on a chromosome", "NC_000017.11:g.100A>T"),
        ("V600E", "without a gene", "BRAF V600E"),
        ("G12D", "without a gene", ""),
        ("p.Val600Glu", "without a gene", ""),
        ("BRAF V600", "not what it becomes", "BRAF V600E"),
        ("NPM1 W288fs type A", "“NPM1 W288fs type A” is not understood", ""),
        ("17:100-200, foo bar", "“foo bar” after the region", ""),
        ("what is this?", "“what is this” is not understood", "BRCA1"),
        ("!!!", "“!!!” is not understood", ""),
    ],
)
def test_what_beacon_cannot_be_asked_is_refused_with_a_way_out(text, error, hint):
    result = refused(text)
    assert error in result.error
    assert hint in result.hint


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("BRCA1, BRCA2", "BRCA1"),
        ("BRCA1 and BRCA2", "BRCA1"),
        ("17-43045704-G-A 17-43045705-C-T", "17-43045704-G-A"),
        ("17-43045704-G-A;17-43045705-C-T", "17-43045704-G-A"),
        ("17:100-200, 17:300-400", "17:100-200"),
        ("17:43,045,704 G>A, 17:43,045,705 C>T", "17:43,045,704 G>A"),
        ("17 : 43045704 G > A and 17 : 43045705 C > T", "17 : 43045704 G > A"),
        ("17-43045704-G-A\n17-43045705-C-T", "first line"),
    ],
)
def test_one_question_at_a_time(text, first):
    result = refused(text)
    assert result.error.startswith("One question at a time")
    assert first in result.hint


@pytest.mark.parametrize("text", ["   ", "\u200b\n", "#CHROM\tPOS", '""'])
def test_nothing_typed(text):
    assert refused(text).error == "Type a variant, a region or a gene."


def test_a_long_text_is_refused():
    assert "longer than 1,000 characters" in refused("A" * 1001).error


def test_a_superscript_never_becomes_a_digit():
    assert isinstance(understand("17:4304570⁴ G>A", "GRCh38"), Misread)
    assert isinstance(understand("17:٤٣ G>A", "GRCh38"), Misread)


@pytest.mark.parametrize(
    "text",
    [
        "1" * 1000,
        "1:" + "1,111" * 199,
        "A" * 1000,
        "1:1 " + "A" * 990,
        "1:1 " + "A:" * 490,
        "1-" * 500,
        " : " * 333,
        "(" * 999 + "A",
        "p." * 500,
        "BRCA1 " + "Ala" * 330,
        "BRCA1 G1_G2delins" + "Ala" * 320 + "1",
        "NC_000017.11:g." + "1_" * 490,
        "NC_" + "0" * 990,
        "NC_000017.1" + "1" * 900 + ":g.1A>T",
        "*" * 1000,
        "." * 999 + "A",
        "1:1" + "-" * 990,
        "BRCA1 " * 166,
        "hg19 " * 200,
        "\u2009".join("1" * 500),
        "1:1.." + "1" * 990,
    ],
)
def test_odd_texts_are_refused_fast_and_not_repeated(text):
    result = refused(text)
    ordinary_s = least_s(lambda: understand("17:43045702 G>A", "GRCh38"), 20)
    assert least_s(lambda: refused(text)) < 300 * ordinary_s
    assert len(result.error) < 250
    assert len(result.hint) < 250
