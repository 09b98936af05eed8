"""Hints whose ways out are links."""

import pytest

from aggregator.api.hints import linked
from aggregator.text.variant_text import Misread, understand


@pytest.mark.parametrize(
    ("typed", "ways_out"),
    [
        ("17:43125483-43044295", [("17:43044295-43125483", "GRCh38")]),
        ("7:140753336", [("7:140753336-140753336", "GRCh38")]),
        ("APOE e4", [("19-44908684-T-C", "GRCh38"), ("19-45411941-T-C", "GRCh37")]),
        ("CFTR ΔF508", [("CFTR F508del", "GRCh38")]),
        ("BRCA1, BRCA2", [("BRCA1", "GRCh38")]),
        ("rs113488022", []),
        ("hello world!", []),
        ("", []),
    ],
)
def test_corrected_questions_are_links(typed, ways_out):
    misread = understand(typed, "GRCh38")
    assert isinstance(misread, Misread)

    pieces = linked(misread.hint, "GRCh38")

    assert [(piece.query, piece.assembly) for piece in pieces if piece.query] == ways_out
    assert "".join(piece.text for piece in pieces) == misread.hint


def test_what_is_not_understood_is_no_link():
    assert [piece.query for piece in linked("Did you mean 9_5 ?", "GRCh38")] == [None]
