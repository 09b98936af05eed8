"""Draws badges as SVG. Pure.

Widths come from a table of Verdana's letters, and `textLength` makes every other font fit, so that
nothing has to be measured. Colours tell nothing that the words do not, and are told apart by those
who see no red or no green; letters have a contrast of at least 4.5.
"""

import unicodedata
from dataclasses import dataclass
from enum import Enum
from html import escape
from typing import Final


class Tone(Enum):
    """How a badge looks: the colour of its message and of the letters on it."""

    GOOD = ("#0072b2", "#ffffff")
    DOUBTFUL = ("#e69f00", "#1b1f24")
    BAD = ("#8c2d04", "#ffffff")
    NEUTRAL = ("#57606a", "#ffffff")
    """Nothing is known, or nothing is to be said."""

    @property
    def fill(self) -> str:
        """The colour behind the message."""
        return self.value[0]

    @property
    def ink(self) -> str:
        """The colour of the letters on it."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Badge:
    """What a badge says."""

    label: str
    message: str
    tone: Tone
    about: str = ""
    """The same for those who do not see it, with whose it is; empty: label and message."""


LABEL_FILL: Final = "#2d3440"
LABEL_INK: Final = "#ffffff"
HEIGHT: Final = 20
_PADDING: Final = 6
_SIZE: Final = 11
_FONT: Final = "Verdana,DejaVu Sans,Geneva,sans-serif"
_WIDTHS: Final[dict[str, int]] = {
    letter: width
    for width, letters in {
        269: "'",
        274: "il",
        344: "j",
        352: " f",
        364: ",.",
        394: "!t",
        421: "I",
        427: "r",
        454: "()-/:;[\\]|",
        455: "J",
        459: '"',
        521: "cs",
        525: "z",
        545: "?",
        557: "L",
        575: "F",
        592: "kvxy",
        596: "e",
        601: "a",
        603: "P",
        607: "o",
        615: "Y",
        616: "T",
        623: "bdgpq",
        632: "E",
        633: "hnu",
        635: "{}",
        636: "$*0123456789_`–",
        684: "ASV",
        685: "XZ",
        686: "B",
        693: "K",
        695: "R",
        698: "C",
        727: "&",
        732: "U",
        748: "N",
        751: "H",
        771: "D",
        775: "G",
        787: "OQ",
        818: "#+<=>^w~",
        843: "M",
        973: "m",
        989: "W",
        1000: "@…—",
        1076: "%",
    }.items()
    for letter in letters
}
"""Thousandths of the size of the font."""
_OTHER: Final = 700
_WIDE: Final = 1_000


def width_of(text: str) -> float:
    """Give the width of a text in pixels, nearly."""
    return sum(_width(letter) for letter in text) * _SIZE / 1000


def draw(badge: Badge) -> bytes:
    """Draw a badge; texts may hold anything that is printable."""
    left, right = width_of(badge.label), width_of(badge.message)
    split = round(left) + 2 * _PADDING if badge.label else 0
    width = split + round(right) + 2 * _PADDING
    about = escape(badge.about or f"{badge.label}: {badge.message}", quote=True)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{HEIGHT}" '
        f'viewBox="0 0 {width} {HEIGHT}" role="img" aria-label="{about}">',
        f"<title>{about}</title>",
        f'<rect width="{width}" height="{HEIGHT}" rx="3" fill="{badge.tone.fill}"/>',
    ]
    if badge.label:
        # rounded on the left alone: the message's colour shows in no corner
        parts.append(
            f'<path d="M3 0H{split}V{HEIGHT}H3A3 3 0 0 1 0 {HEIGHT - 3}V3A3 3 0 0 1 3 0Z" '
            f'fill="{LABEL_FILL}"/>'
        )
    parts.append(f'<g font-family="{_FONT}" font-size="{_SIZE}" aria-hidden="true">')
    if badge.label:
        parts.append(_text(badge.label, _PADDING, left, LABEL_INK))
    parts.append(_text(badge.message, split + _PADDING, right, badge.tone.ink))
    parts.append("</g></svg>\n")
    return "".join(parts).encode("utf-8")


def _text(text: str, x: int, width: float, ink: str) -> str:
    return (
        f'<text x="{x}" y="14" fill="{ink}" textLength="{width:.1f}" '
        f'lengthAdjust="spacingAndGlyphs">{escape(text, quote=True)}</text>'
    )


def _width(letter: str) -> int:
    known = _WIDTHS.get(letter)
    if known is not None:
        return known
    if unicodedata.combining(letter) or unicodedata.category(letter) in {"Cf", "Mn"}:
        return 0
    return _WIDE if unicodedata.east_asian_width(letter) in "WF" else _OTHER
