"""Other people's words, made fit to be shown."""

import pytest

from aggregator.api.texts import clean, link_host


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Plain name", "Plain name"),
        ("  many \t spaces\r\nand lines\u2028 ", "many spaces and lines"),
        ("safe\u202egnp.exe\u202c", "safegnp.exe"),
        ("\x1b[31mred\x07", "[31mred"),
        ("\u2066isolated\u2069 \u200fmark\u061c", "isolated mark"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        (None, ""),
        ("", ""),
    ],
)
def test_invisible_marks_go(given, shown):
    assert clean(given) == shown


def test_long_texts_end_in_an_ellipsis():
    assert clean("x" * 100_000, 10) == "xxxxxxxxx…"
    assert clean("\u202e" * 100_000, 10) == "…"


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://ega-archive.org/request?x=1", "ega-archive.org"),
        ("http://[::1]:8080/", "::1"),
        ("https://bücher.example/", "xn--bcher-kva.example"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("//example.org", None),
        ("https://", None),
        (f"https://{'a' * 70}.example", None),
        ("https://x\u202e.example/", None),
    ],
)
def test_only_web_addresses_are_links_and_say_whose(url, host):
    assert link_host(url) == host
