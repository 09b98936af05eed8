"""The answer as CSV and as text."""

import csv
import io
from datetime import UTC, datetime

import pytest

from aggregator.api.exports import (
    CSV_HEADER,
    Line,
    csv_text,
    file_name,
    lines_of,
    lines_of_documents,
    text_table,
)
from aggregator.api.heard import hear
from aggregator.model.answer import Exists, Match, ResultSet
from aggregator.model.outcome import Source
from aggregator.model.query import Filter, Query
from aggregator.protocol.network_info import network_info
from tests.builders import answer, member, network_answer, outcome, query

AT = datetime(2026, 11, 20, 21, 54, 13, tzinfo=UTC)


def read(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def rows(*given, members=(), asked=None):
    lines = lines_of(
        network_answer(given, asked),
        {one.id: one for one in members},
        text="7-140753336-A-T",
        asked_at=AT,
    )
    return read(csv_text(lines))


def test_the_header_is_the_published_one():
    assert CSV_HEADER == (
        "query,assembly,beacon_id,beacon,organization,environment,answer,reason,dataset_id,"
        "dataset,count,sample_count,allele_count,allele_number,allele_frequency,seconds,asked_at"
    )


@pytest.mark.parametrize(
    ("asked", "assembly"),
    [
        (query(), "GRCh38"),
        (query({"assembly": "hg19", "chromosome": "7", "start": (5,), "end": (9,)}), "GRCh37"),
        (query({"chromosome": "NC_000007.13", "start": (5,), "end": (9,)}), "GRCh37"),
        (query({"assembly": "GRCh38", "gene": "BRAF"}), ""),
        (Query(entry_type="individual", filters=(Filter("HP:0001250"),)), ""),
    ],
)
def test_a_row_names_the_assembly_of_the_position_that_was_asked_for(asked, assembly):
    (row,) = rows("found", asked=asked)
    assert row["assembly"] == assembly


def test_every_member_and_every_data_set_is_a_row():
    sets = (
        ResultSet(
            id="wgs",
            name="Genomes",
            exists=Exists.YES,
            count=214,
            frequency=214 / 5204,
            info={"callCount": 5204, "sampleCount": 2602},
        ),
        ResultSet(id="exomes", exists=Exists.NO, count=0),
        ResultSet(id="old", exists=Exists.UNKNOWN, info={"error": "asleep"}),
    )
    found = outcome("a", "found", answer(True, 214, result_sets=sets), elapsed_s=0.2512, attempts=1)
    center = member("a", organization={"name": "Centre"})

    table = rows(
        found,
        outcome("b", "timeout", attempts=1, elapsed_s=8.0),
        outcome("c", "assembly"),
        members=[center],
    )

    assert [(r["beacon_id"], r["dataset_id"], r["answer"], r["reason"]) for r in table] == [
        ("a", "wgs", "found", ""),
        ("a", "exomes", "not_found", ""),
        ("a", "old", "no_answer", "no_verdict"),
        ("b", "", "no_answer", "timeout"),
        ("c", "", "not_asked", "assembly"),
    ]
    first = table[0]
    assert first["organization"] == "Centre"
    assert first["dataset"] == "Genomes"
    assert (first["count"], first["sample_count"]) == ("214", "2602")
    assert (first["allele_count"], first["allele_number"]) == ("214", "5204")
    assert float(first["allele_frequency"]) == pytest.approx(214 / 5204, rel=1e-5)
    assert first["seconds"] == "0.2512"
    assert {r["asked_at"] for r in table} == {"2026-11-20T21:54:13Z"}
    assert table[4]["seconds"] == ""


def test_a_count_without_data_sets_is_in_the_row_of_the_member():
    (row,) = rows(outcome("a", "found", answer(True, 3)))

    assert row["count"] == "3"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"match": Match.BROADER}, "broader"),
        ({"match": Match.EQUIVALENT}, "equivalent"),
        ({"source": Source.STALE}, "stale"),
        ({"match": Match.TEXT, "source": Source.STALE}, "text stale"),
        ({"source": Source.CACHE}, ""),
    ],
)
def test_a_hit_that_is_no_plain_one_says_so(changes, reason):
    (row,) = rows(outcome("a", "found", **changes))

    assert (row["answer"], row["reason"]) == ("found", reason)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", " =", "\u202e="])
def test_no_cell_is_a_formula(start):
    cell = f"{start}cmd|' /C calc'!A0"

    (row,) = read(csv_text([Line(cell, "GRCh38", "a", cell, dataset=cell)]))

    for name in ("query", "beacon", "dataset"):
        assert row[name].startswith("'")
        assert "\u202e" not in row[name]


def test_cells_keep_to_one_line_and_rows_end_as_the_standard_says():
    text = csv_text([Line('a\r\nb\n"c",d\u2028e', "GRCh38", "a", "x" * 100_000)])

    assert text.count("\r\n") == 2
    assert text.replace("\r\n", "").count("\n") == 0
    (row,) = read(text)
    assert row["query"] == 'a b "c",d e'
    assert len(row["beacon"]) == 1_000


def test_a_network_elsewhere_gives_the_same_rows():
    sets = (ResultSet(id="wgs", exists=Exists.YES, count=2), ResultSet(id="x"))
    given = [
        outcome("a", "found", answer(True, 2, result_sets=sets), match=Match.BROADER),
        outcome("b", "timeout"),
        outcome("c", "not_found", answer(False, 0)),
    ]
    told = network_answer(given)
    here = lines_of(told, {}, text="t", asked_at=AT)

    there = lines_of_documents(
        network_info(told)["members"], text="t", assembly="GRCh38", asked_at="2026-11-20T21:54:13Z"
    )

    assert csv_text(there) == csv_text(here)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("7-140753336-A-T", "beacon-7-140753336-A-T.csv"),
        ('x"; filename="/etc/passwd\r\nX: y', "beacon-x-filename-etc-passwd-X-y.csv"),
        ("…", "beacon-search.csv"),
    ],
)
def test_file_names_are_plain(text, name):
    assert file_name(text, "csv") == name


def test_the_text_is_a_table_with_the_verdict_below():
    hostile = outcome("b", "timeout")
    told = network_answer([outcome("a", "found", answer(True, 1234)), hostile])

    text = text_table([hear(one) for one in told.outcomes], told, is_anonymous=True)

    lines = text.splitlines()
    assert lines[0].split() == ["BEACON", "ANSWER", "COUNT", "FREQUENCY", "TOOK", "MEANING"]
    assert lines[1].split()[:4] == ["A", "✓", "Found", "1,234"]
    assert lines[1].index("Reports") == lines[2].index("Did not answer (had")
    assert "so there may be more." in lines[4]
    assert lines[6].startswith("For research and case finding.")


def test_a_yes_that_no_data_set_repeats_has_a_row_of_its_own():
    member = {
        "id": "one",
        "name": "One",
        "answer": "found",
        "match": "exact",
        "count": None,
        "elapsedMs": 5,
        "attempts": 1,
        "datasets": [{"id": "a", "name": "A", "exists": False, "count": None, "frequency": None}],
    }
    lines = lines_of_documents([member], text="x", assembly="GRCh38")
    assert [(line.answer, line.dataset_id) for line in lines] == [("found", ""), ("not_found", "a")]


def test_a_member_that_says_yes_as_a_whole_is_found_in_the_table_of_the_page_too():
    sets = (ResultSet(id="a", exists=Exists.NO),)
    table = rows(outcome("one", "found", answer(True, result_sets=sets)))
    assert [(r["answer"], r["dataset_id"]) for r in table] == [("found", ""), ("not_found", "a")]
