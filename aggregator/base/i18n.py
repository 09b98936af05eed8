"""Words and numbers in the reader's language; English is the language of the sources.

Pages and sentences mark their texts with `_` (gettext). Catalogues lie in `web/locale`, one folder
per language (`de/LC_MESSAGES/messages.mo`). A page is in one language throughout: numbers and
dates follow the language its words are in, so that "1.234" is never read the wrong way.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from gettext import NullTranslations
from pathlib import Path
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.dates import format_datetime
from babel.numbers import format_decimal
from babel.support import Translations

from aggregator.base.resources import folder

SOURCE_LANGUAGE: Final = "en"
_RANGE: Final = re.compile(
    r"\s*([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?"
)
_MAX_HEADER: Final = 500
_SUPERSCRIPTS: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class Language:
    """One language: its catalogue, and how it writes numbers and dates."""

    locale: Locale
    catalogue: NullTranslations = field(default_factory=NullTranslations)

    @property
    def tag(self) -> str:
        """The language as HTML and HTTP name it: `en`, `pt-BR`."""
        return str(self.locale).replace("_", "-")

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return str(self.locale.text_direction)


_SPOKEN: ContextVar[Language | None] = ContextVar("language", default=None)
_SOURCE: Final = Language(Locale(SOURCE_LANGUAGE))


class Catalogues:
    """The languages there are catalogues for, and the source language, which needs none."""

    def __init__(self, languages: Mapping[str, NullTranslations]) -> None:
        self._languages = {SOURCE_LANGUAGE: NullTranslations(), **languages}

    @classmethod
    def found(cls, where: Path | None = None) -> "Catalogues":
        """Read every compiled catalogue of a folder."""
        base = where or folder("web") / "locale"
        found: dict[str, NullTranslations] = {}
        for compiled in sorted(base.glob("*/LC_MESSAGES/messages.mo")):
            with compiled.open("rb") as file:
                found[compiled.parts[-3].replace("_", "-")] = Translations(file)
        return cls(found)

    def for_header(self, accept_language: str) -> Language:
        """Choose by `Accept-Language` (RFC 9110, 12.5.4); English where nothing fits.

        A region somebody asks for is kept for the numbers where its language is there.
        """
        for tag in _wanted(accept_language):
            for known in (tag, tag.split("-")[0]):
                if known in self._languages:
                    return Language(_locale(tag, known), self._languages[known])
        return _SOURCE


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Use a language for everything written inside."""
    token = _SPOKEN.set(language)
    try:
        yield
    finally:
        _SPOKEN.reset(token)


def language() -> Language:
    """Give the language spoken now."""
    return _SPOKEN.get() or _SOURCE


def gettext(message: str) -> str:
    """Translate a text."""
    return language().catalogue.gettext(message)


def ngettext(singular: str, plural: str, number: int) -> str:
    """Translate a text that depends on a number."""
    return language().catalogue.ngettext(singular, plural, number)


def N_(message: str) -> str:  # noqa: N802 - the name translators' tools look for
    """Mark a text for the catalogue that is translated where it is used."""
    return message


def number(value: int) -> str:
    """Write a whole number with its thousands apart."""
    return format_decimal(value, locale=language().locale)


def seconds(value: float) -> str:
    """Write a duration with as many digits as matter."""
    if 0 < value < 0.01:
        return gettext("< %(seconds)s s") % {
            "seconds": format_decimal(0.01, "0.00", locale=language().locale)
        }
    pattern = "#,##0.00" if value < 10 else "#,##0.0"
    return gettext("%(seconds)s s") % {
        "seconds": format_decimal(value, pattern, locale=language().locale)
    }


def age(value: float) -> str:
    """Write how old something is, in the largest unit that fits."""
    whole = max(0, round(value))
    for size, pattern in (
        (86400, N_("%(number)s d")),
        (3600, N_("%(number)s h")),
        (60, N_("%(number)s min")),
    ):
        if whole >= 2 * size:
            return gettext(pattern) % {"number": number(whole // size)}
    return gettext("%(number)s s") % {"number": number(whole)}


def frequency(value: float) -> str:
    """Write a frequency with two significant digits, as a power of ten below 0.001."""
    locale = language().locale
    if value >= 0.001:
        return format_decimal(float(f"{value:.2g}"), "0.#####", locale=locale)
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    power = str(int(exponent)).translate(_SUPERSCRIPTS)
    return f"{format_decimal(float(mantissa), '0.0', locale=locale)} × 10{power}"


def moment(value: datetime) -> str:
    """Write a point in time to the second, in UTC and saying so."""
    # TRANSLATORS: a date pattern (Unicode TR 35); in English in the order that sorts
    pattern = gettext("yyyy-MM-dd HH:mm:ss 'UTC'")
    return format_datetime(value.astimezone(UTC), pattern, locale=language().locale)


def _wanted(header: str) -> list[str]:
    """Give the tags of an Accept-Language header, most wanted first, spelt `pt-BR`."""
    found: list[tuple[float, str]] = []
    for part in header[:_MAX_HEADER].split(","):
        match = _RANGE.fullmatch(part)
        if match is None or (quality := float(match[2] or 1)) <= 0:
            continue
        first, *rest = match[1].split("-")
        tag = "-".join([first.lower(), *(p.upper() if len(p) == 2 else p.title() for p in rest)])
        found.append((-quality, tag))
    found.sort(key=lambda one: one[0])
    return [tag for _, tag in found]


def _locale(tag: str, known: str) -> Locale:
    for candidate in (tag, known, SOURCE_LANGUAGE):
        try:
            return Locale.parse(candidate, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return _SOURCE.locale
