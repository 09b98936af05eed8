"""Reference sequences from FASTA files, indexed or cut out."""

import pytest

from aggregator.base.errors import ConfigError
from aggregator.engine.reference import ReferenceSequences
from aggregator.model.genome import Assembly

G37, G38 = Assembly.GRCH37, Assembly.GRCH38

WINDOWS = """>7:117559581-117559604
GAAAATATCATC
tttggtgtttcc
>chr17:11-20
ACGTACGTAC
>chr17:31-34
TTTT
"""


@pytest.fixture
def write(tmp_path):
    def written(text, name="genome.fa", index=None):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        if index is not None:
            (tmp_path / f"{name}.fai").write_text(index)
        return path

    return written


@pytest.fixture
def windows(write):
    return ReferenceSequences({"GRCh38": write(WINDOWS)})


@pytest.fixture
def opened():
    files = []

    def of(given):
        files.append(ReferenceSequences(given))
        return files[-1]

    yield of
    for one in files:
        one.close()


def problems(files):
    with pytest.raises(ConfigError) as caught:
        ReferenceSequences(files)
    return caught.value.problems


# --- windows ---


@pytest.mark.parametrize(
    ("where", "bases"),
    [
        (("7", 117559580, 117559581), "G"),
        (("7", 117559589, 117559593), "ATCT"),
        (("7", 117559603, 117559604), "C"),
        (("7", 117559580, 117559604), "GAAAATATCATCTTTGGTGTTTCC"),
        (("17", 10, 12), "AC"),
        (("17", 30, 34), "TTTT"),
    ],
)
def test_bases_of_a_window_are_known(windows, where, bases):
    assert windows(G38, *where) == bases


@pytest.mark.parametrize(
    "where",
    [
        ("7", 117559579, 117559581),
        ("7", 117559603, 117559605),
        ("17", 19, 31),
        ("17", 20, 30),
        ("8", 117559580, 117559581),
        ("17", -1, 5),
        ("17", 12, 12),
        ("17", 13, 12),
    ],
)
def test_bases_not_wholly_inside_a_window_are_not_known(windows, where):
    assert windows(G38, *where) is None


def test_another_assembly_is_not_known(windows):
    assert windows(G37, "17", 10, 12) is None


def test_a_whole_chromosome_without_index_is_a_window_from_its_first_base(write, opened):
    reference = opened({"GRCh38": write(">MT some words\nGATC\nACAG\n")})
    assert reference(G38, "MT", 0, 8) == "GATCACAG"


@pytest.mark.parametrize("name", ["chrUn_GL000220v1", "HLA-A", "hs37d5", "NC_045512.2"])
def test_sequences_that_are_no_chromosome_are_left_out(write, opened, name):
    reference = opened({"GRCh38": write(f">{name}\nACGT\n>1\nTTTT\n")})
    assert reference(G38, "1", 0, 4) == "TTTT"


def test_an_accession_names_its_chromosome(write, opened):
    reference = opened({"GRCh38": write(">NC_000017.11:11-14\nACGT\n")})
    assert reference(G38, "17", 10, 14) == "ACGT"


def test_no_files_know_nothing():
    assert ReferenceSequences({})(G38, "1", 0, 1) is None


# --- the mitochondrion ---


@pytest.mark.parametrize("name", ["chrM", "M", "chrM:1-4"])
def test_the_mitochondrion_of_hg19_is_another_sequence(write, opened, name):
    reference = opened({"GRCh37": write(f">{name}\nACGT\n")})
    assert reference(G37, "MT", 0, 1) is None


@pytest.mark.parametrize(
    ("assembly", "name"), [("GRCh38", "chrM"), ("GRCh38", "MT"), ("GRCh37", "MT")]
)
def test_the_revised_mitochondrion_is_known(write, opened, assembly, name):
    reference = opened({assembly: write(f">{name}\nACGT\n")})
    assert reference(Assembly(assembly), "MT", 0, 1) == "A"


def test_the_mitochondrion_of_hg19_is_left_out_of_an_index_too(write, opened):
    path = write(">chrM\nACGT\n", index="chrM\t4\t6\t4\t5\n")
    reference = opened({"GRCh37": path})
    assert reference(G37, "MT", 0, 1) is None


# --- indexed files ---

LINES = ">chr1 first\nAACC\nGGTT\nac\n>chrUn_1\nNNNN\n>chr2\nTTTTTTTT\n"
INDEX = "chr1\t10\t12\t4\t5\nchrUn_1\t4\t34\t4\t5\nchr2\t8\t45\t8\t9\n"


@pytest.fixture
def indexed(write, opened):
    return opened({"GRCh38": write(LINES, index=INDEX)})


@pytest.mark.parametrize(
    ("start0", "end0", "bases"),
    [
        (0, 1, "A"),
        (3, 4, "C"),
        (4, 5, "G"),
        (3, 5, "CG"),
        (0, 4, "AACC"),
        (0, 10, "AACCGGTTAC"),
        (2, 9, "CCGGTTA"),
        (9, 10, "C"),
    ],
)
def test_bases_are_read_across_line_breaks(indexed, start0, end0, bases):
    assert indexed(G38, "1", start0, end0) == bases


def test_other_chromosomes_of_the_file_are_found(indexed):
    assert indexed(G38, "2", 0, 8) == "TTTTTTTT"


@pytest.mark.parametrize("where", [("1", 0, 11), ("1", 10, 11), ("3", 0, 1), ("1", -1, 1)])
def test_bases_beyond_an_indexed_sequence_are_not_known(indexed, where):
    assert indexed(G38, *where) is None


def test_windows_line_endings_are_read(write, opened):
    path = write(b">1\r\nAACC\r\nGG\r\n", index="1\t6\t4\t4\t6\n")
    reference = opened({"GRCh38": path})
    assert reference(G38, "1", 2, 6) == "CCGG"


def test_a_file_shorter_than_its_index_tells_nothing(write, opened):
    reference = opened({"GRCh38": write(">1\nAACC\n", index="1\t10\t3\t4\t5\n")})
    assert reference(G38, "1", 2, 9) is None


def test_an_index_wins_over_reading_the_whole_file(write, opened):
    reference = opened({"GRCh38": write(">1\nAACC\n", index="2\t4\t3\t4\t5\n")})
    assert reference(G38, "1", 0, 1) is None
    assert reference(G38, "2", 0, 1) == "A"


def test_several_assemblies_are_kept_apart(write, opened):
    one = write(">1\nAAAA\n", name="37.fa", index="1\t4\t3\t4\t5\n")
    two = write(">1\nCCCC\n", name="38.fa", index="1\t4\t3\t4\t5\n")
    reference = opened({"GRCh37": one, "GRCh38": two})
    assert (reference(G37, "1", 0, 2), reference(G38, "1", 0, 2)) == ("AA", "CC")


# --- files that cannot be used ---


def test_every_file_that_cannot_be_used_is_named(write, tmp_path):
    told = problems({"GRCh37": tmp_path / "none.fa", "GRCh38": write(">17:1-4\nACG\n")})
    assert len(told) == 2
    assert told[0].startswith("reference.fasta.GRCh37: ")
    assert "none.fa" in told[0]
    assert told[1].endswith("window 17:1-4 holds 3 bases")


@pytest.mark.parametrize(
    ("text", "index", "words"),
    [
        (">NC_000017.10:1-4\nACGT\n", None, "NC_000017.10 belongs to GRCh37, not to GRCh38"),
        (">1\nACGT\n", "NC_000017.10\t4\t3\t4\t5\n", "belongs to GRCh37, not to GRCh38"),
        (">1\nACGT\n", "1\t4\n", "values"),
        (">1\nACGT\n", "1\tfour\t3\t4\t5\n", "invalid literal"),
        (b">1\nAC\xffT\n", None, "ascii"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(write, text, index, words):
    (told,) = problems({"GRCh38": write(text, index=index)})
    assert words in told


def test_a_large_file_needs_an_index(write, monkeypatch):
    monkeypatch.setattr("aggregator.engine.reference.MAX_WINDOWS_BYTES", 5)
    (told,) = problems({"GRCh38": write(">1\nACGT\n")})
    assert told.endswith("no index beside it; make one with: samtools faidx genome.fa")


def test_an_index_without_its_file_is_named(write, tmp_path):
    write("", name="none.fa.fai")
    (told,) = problems({"GRCh38": tmp_path / "none.fa"})
    assert "No such file" in told
