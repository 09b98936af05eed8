"""Chromosomes, assemblies and accessions: what is understood, and what must not be."""

import pytest

from aggregator.model.genome import (
    CHROMOSOMES,
    RCRS,
    WRONG_MITOCHONDRION,
    Assembly,
    GenomeError,
    beyond_chromosome,
    check_mitochondrion,
    chromosome_length,
    numeric_name,
    parse_assembly,
    parse_chromosome,
    refseq_accession,
    to_position,
    to_start0,
    x_position_of_y_par,
)

NUCLEAR = [(assembly, name) for assembly in Assembly for name in CHROMOSOMES if name != "MT"]


@pytest.mark.parametrize(("assembly", "name"), NUCLEAR)
def test_an_accession_names_its_chromosome_and_assembly(assembly, name):
    accession = refseq_accession(name, assembly)
    named = parse_chromosome(accession)
    assert (named.name, named.assembly) == (name, assembly)


# NCBI Datasets, assembly reports of NCBI36, GRCh37 and GRCh38.
@pytest.mark.parametrize(
    ("accession", "name", "assembly"),
    [
        ("NC_000001.9", "1", "NCBI36"),
        ("NC_000001.10", "1", "GRCh37"),
        ("NC_000001.11", "1", "GRCh38"),
        ("NC_000007.12", "7", "NCBI36"),
        ("NC_000007.13", "7", "GRCh37"),
        ("NC_000007.14", "7", "GRCh38"),
        ("NC_000017.10", "17", "GRCh37"),
        ("NC_000017.11", "17", "GRCh38"),
        ("NC_000023.10", "X", "GRCh37"),
        ("NC_000023.11", "X", "GRCh38"),
        ("NC_000024.9", "Y", "GRCh37"),
        ("NC_000024.10", "Y", "GRCh38"),
        ("refseq:NC_000017.11", "17", "GRCh38"),
        ("nc_000017.11", "17", "GRCh38"),
    ],
)
def test_known_accessions(accession, name, assembly):
    named = parse_chromosome(accession)
    assert (named.name, named.assembly) == (name, Assembly(assembly))


@pytest.mark.parametrize(
    "accession", ["NC_000001.8", "NC_000001.12", "NC_000007.99", "NC_000024.7"]
)
def test_a_version_of_no_assembly_is_refused_with_the_versions_there_are(accession):
    with pytest.raises(GenomeError, match=r"belongs to neither GRCh37 \(\.\d+\) nor GRCh38"):
        parse_chromosome(accession)


@pytest.mark.parametrize("accession", ["NC_000025.1", "NC_000000.1", "NC_012920.2", "NC_045512.2"])
def test_an_accession_of_no_human_chromosome_is_refused(accession):
    with pytest.raises(GenomeError, match="not the accession of a human chromosome"):
        parse_chromosome(accession)


def test_the_revised_cambridge_sequence_belongs_to_no_single_assembly():
    assert parse_chromosome(RCRS) == ("MT", None, False)


def test_the_other_mitochondrial_sequence_is_refused_with_the_way_out():
    with pytest.raises(GenomeError, match=r"NC_001807\.4 is not") as caught:
        parse_chromosome("NC_001807.4")
    assert "NC_012920.1" in caught.value.hint


@pytest.mark.parametrize("assembly", [Assembly.GRCH37, Assembly.GRCH38])
def test_the_mitochondrion_has_one_accession(assembly):
    assert refseq_accession("MT", assembly) == RCRS


def test_the_mitochondrion_of_ncbi36_has_no_accession_here():
    assert refseq_accession("MT", Assembly.NCBI36) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("1", "1"),
        ("01", "1"),
        ("22", "22"),
        ("chr7", "7"),
        ("CHR7", "7"),
        ("Chr 7", "7"),
        ("chr_7", "7"),
        ("chromosome 7", "7"),
        ("x", "X"),
        ("chrY", "Y"),
        ("23", "X"),
        ("24", "Y"),
        (" 17 ", "17"),
        ("MT", "MT"),
        ("chrMT", "MT"),
    ],
)
def test_a_chromosome_in_common_spellings(text, name):
    assert parse_chromosome(text) == (name, None, False)


@pytest.mark.parametrize("text", ["M", "chrM", "m"])
def test_the_ucsc_name_of_the_mitochondrion_is_remembered(text):
    assert parse_chromosome(text) == ("MT", None, True)


@pytest.mark.parametrize(
    "text",
    [
        *("chrUn_GL000220v1", "1p36", "33", "0", "25", "26", "chr", "", "17q", "chr1_random"),
        *("HLA-A", "NC_000017", "NC_000017.", "XY", "chr1 2", "17.0", "-1", "1٣", "chr١"),
    ],
)
def test_what_only_resembles_a_chromosome_is_refused(text):
    with pytest.raises(GenomeError, match="is not a human chromosome"):
        parse_chromosome(text)


def test_a_long_name_is_shortened_in_the_message():
    with pytest.raises(GenomeError) as caught:
        parse_chromosome("x" * 1000)
    assert len(caught.value.message) < 100


@pytest.mark.parametrize(
    ("text", "assembly", "is_ucsc"),
    [
        *((name, "GRCh38", False) for name in ("GRCh38", "grch38", "GRCh38.p13", "GRCh38.p14")),
        *((name, "GRCh38", False) for name in ("b38", "hs38", "hs38d1", "hs38DH")),
        *((name, "GRCh38", True) for name in ("hg38", "HG38", "hg38.p13")),
        *((name, "GRCh37", False) for name in ("GRCh37", "GRCh37.p13", "b37", "hs37", "hs37d5")),
        *((name, "GRCh37", False) for name in ("g1k_v37", " GRCh37 ")),
        *((name, "GRCh37", True) for name in ("hg19", "hg19.p13")),
        *((name, "NCBI36", False) for name in ("NCBI36", "NCBI36.3", "b36")),
        ("hg18", "NCBI36", True),
        *((f"GCF_000001405.{v}", "GRCh37", False) for v in (13, 17, 25)),
        *((f"GCF_000001405.{v}", "GRCh38", False) for v in (26, 33, 39, 40)),
        *((f"GCA_000001405.{v}", "GRCh37", False) for v in (1, 14)),
        *((f"GCA_000001405.{v}", "GRCh38", False) for v in (15, 29)),
    ],
)
def test_an_assembly_in_common_spellings(text, assembly, is_ucsc):
    assert parse_assembly(text) == (Assembly(assembly), is_ucsc)


@pytest.mark.parametrize(
    "text",
    [
        *("GRCh39", "GRCh380", "xGRCh38", "GRCh38.13", "hg20", "hg17", "mm10", "38", "", "T2T"),
        *("GCF_000001405.12", "GCF_000001405.41", "GCF_000001406.26", "GCA_000001405.0"),
    ],
)
def test_what_is_no_human_assembly_is_refused_with_the_ones_there_are(text):
    with pytest.raises(GenomeError, match="not a human assembly") as caught:
        parse_assembly(text)
    assert "GRCh38" in caught.value.hint


@pytest.mark.parametrize(
    ("chromosome", "assembly"),
    [("M", "hg19"), ("chrM", "hg19"), ("chrM", "hg18"), ("MT", "NCBI36"), ("MT", "hg18")],
)
def test_a_mitochondrion_that_is_another_sequence_is_refused(chromosome, assembly):
    refusal = check_mitochondrion(parse_chromosome(chromosome), parse_assembly(assembly))
    assert refusal == WRONG_MITOCHONDRION


@pytest.mark.parametrize(
    ("chromosome", "assembly"),
    [
        *(("MT", "hg19"), ("MT", "GRCh37"), ("M", "GRCh37"), ("chrM", "hg38")),
        *(("MT", "GRCh38"), (RCRS, "hg19"), ("1", "hg18")),
    ],
)
def test_a_mitochondrion_that_is_the_revised_sequence_is_taken(chromosome, assembly):
    assert check_mitochondrion(parse_chromosome(chromosome), parse_assembly(assembly)) is None


# The lengths in the assembly reports; 1 and 17 differ in all three.
@pytest.mark.parametrize(
    ("name", "assembly", "length"),
    [
        ("1", "NCBI36", 247249719),
        ("1", "GRCh37", 249250621),
        ("1", "GRCh38", 248956422),
        ("22", "GRCh38", 50818468),
        ("X", "GRCh37", 155270560),
        ("Y", "GRCh38", 57227415),
        ("MT", "GRCh37", 16569),
        ("MT", "GRCh38", 16569),
    ],
)
def test_the_length_of_a_chromosome(name, assembly, length):
    assert chromosome_length(name, Assembly(assembly)) == length


def test_the_last_base_is_not_beyond_the_chromosome():
    assert beyond_chromosome("17", Assembly.GRCH38, 83257441) is None


def test_a_position_beyond_the_chromosome_is_told():
    told = beyond_chromosome("1", Assembly.GRCH38, 300_000_000)
    assert told == (
        "Position 300,000,000 is beyond the end of chromosome 1 in GRCh38 (248,956,422 bases)."
    )


def test_a_position_that_fits_another_assembly_asks_for_the_assembly():
    told = beyond_chromosome("17", Assembly.GRCH37, 81195211)
    assert told is not None
    assert told.endswith("Wrong assembly? It fits in GRCh38.")


def test_every_assembly_a_position_would_fit_in_is_named():
    told = beyond_chromosome("21", Assembly.GRCH38, 46_800_000)
    assert told is not None
    assert "It fits in GRCh37 and NCBI36." in told


# PAR1 10001-2781479 on both; PAR2 X 155701383-156030895 = Y 56887903-57217415.
@pytest.mark.parametrize(
    ("assembly", "y", "x"),
    [
        ("GRCh38", 10001, 10001),
        ("GRCh38", 2781479, 2781479),
        ("GRCh38", 56887903, 155701383),
        ("GRCh38", 57217415, 156030895),
        ("GRCh37", 10001, 60001),
        ("GRCh37", 2649520, 2699520),
        ("GRCh37", 59034050, 154931044),
        ("GRCh37", 59363566, 155260560),
    ],
)
def test_a_pseudoautosomal_position_of_y_has_its_place_on_x(assembly, y, x):
    assert x_position_of_y_par(Assembly(assembly), to_start0(y)) == x


@pytest.mark.parametrize("y", [10000, 2781480, 56887902, 57217416])
def test_a_position_of_y_outside_the_pseudoautosomal_regions_has_no_place_on_x(y):
    assert x_position_of_y_par(Assembly.GRCH38, to_start0(y)) is None


def test_ncbi36_claims_no_pseudoautosomal_regions():
    assert x_position_of_y_par(Assembly.NCBI36, to_start0(20_000)) is None


@pytest.mark.parametrize(("name", "number"), [("1", "1"), ("X", "23"), ("Y", "24"), ("MT", "25")])
def test_servers_that_number_chromosomes_count_on(name, number):
    assert numeric_name(name) == number


@pytest.mark.parametrize(
    ("assembly", "name"), [("NCBI36", "hg18"), ("GRCh37", "hg19"), ("GRCh38", "hg38")]
)
def test_the_ucsc_name_of_an_assembly(assembly, name):
    assert Assembly(assembly).ucsc == name


def test_text_counts_from_one_and_we_from_zero():
    # BRCA1 Pro1856Ser is 1-based 17-43045704-G-A.
    assert to_start0(43045704) == 43045703
    assert to_position(43045703) == 43045704
