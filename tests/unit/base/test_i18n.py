"""Words and numbers in the reader's language."""

import gettext
import io
from datetime import UTC, datetime, timedelta, timezone

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from aggregator.base import i18n
from aggregator.base.i18n import Catalogues, speaking


def catalogue(**texts):
    made = Catalog(locale="de")
    for key, value in texts.items():
        made.add(key, value)
    out = io.BytesIO()
    write_mo(out, made)
    out.seek(0)
    return gettext.GNUTranslations(out)


LANGUAGES = Catalogues({"de": catalogue(Found="Gefunden"), "pt-BR": catalogue(Found="Encontrado")})


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT, en;q=0.5", "de-AT"),
        ("fr, de;q=0.3", "de"),
        ("en;q=0.1, de;q=0.9", "de"),
        ("de;q=0, en", "en"),
        ("pt-br", "pt-BR"),
        ("pt", "en"),
        ("en-GB", "en-GB"),
        ("xx-XX, *;q=0.1", "en"),
        ("de;q=nonsense", "en"),
        ("../../etc/passwd", "en"),
        ("de-Latn-DE-1996-x-" + "a" * 10_000, "en"),
    ],
)
def test_the_language_is_chosen_by_what_is_wanted_and_there(header, tag):
    assert LANGUAGES.for_header(header).tag == tag


def test_everything_inside_is_in_the_language():
    assert i18n.gettext("Found") == "Found"
    with speaking(LANGUAGES.for_header("de")):
        assert i18n.gettext("Found") == "Gefunden"
        assert i18n.number(1234567) == "1.234.567"
        assert i18n.frequency(0.0123) == "0,012"
    assert i18n.number(1234567) == "1,234,567"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.2e-6, "1.2 × 10⁻⁶"),
        (0.000999, "1.0 × 10⁻³"),
        (0.001, "0.001"),
        (0.0012345, "0.0012"),
        (0.14015, "0.14"),
        (0.5, "0.5"),
        (1.0, "1"),
        (9.96e-12, "1.0 × 10⁻¹¹"),
    ],
)
def test_frequencies_have_two_significant_digits(value, text):
    assert i18n.frequency(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0.00 s"), (0.004, "< 0.01 s"), (0.254, "0.25 s"), (3.2, "3.20 s"), (62.04, "62.0 s")],
)
def test_durations(value, text):
    assert i18n.seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(-1, "0 s"), (12.4, "12 s"), (119, "119 s"), (300, "5 min"), (7200, "2 h"), (200_000, "2 d")],
)
def test_ages(value, text):
    assert i18n.age(value) == text


def test_moments_are_in_utc_and_say_so():
    at = datetime(2026, 11, 20, 23, 54, 13, tzinfo=timezone(timedelta(hours=2)))

    assert i18n.moment(at) == i18n.moment(at.astimezone(UTC)) == "2026-11-20 21:54:13 UTC"


def test_catalogues_are_found_in_their_folders(tmp_path):
    folder = tmp_path / "fi" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    made = Catalog(locale="fi")
    made.add("Found", "Löytyi")
    with (folder / "messages.mo").open("wb") as file:
        write_mo(file, made)

    with speaking(Catalogues.found(tmp_path).for_header("fi")):
        assert i18n.gettext("Found") == "Löytyi"
        assert i18n.language().direction == "ltr"
