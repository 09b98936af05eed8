"""Clean what was pasted: dashes, spaces and quotes of word processors, and assembly words.

Nothing here changes a digit. Unicode's own compatibility forms are not used because they would:
a footnote mark (`43045704¹`) becomes a digit of the position.
"""

import re
from typing import Final

from aggregator.model.genome import NamedAssembly, parse_assembly
from aggregator.text.reading import Refusal

MAX_TEXT: Final = 1_000

_INVISIBLE: Final = (
    *range(0x00, 0x09),
    *range(0x0E, 0x1C),
    0x7F,
    0xAD,
    *range(0x200B, 0x2010),
    *range(0x202A, 0x202F),
    *range(0x2060, 0x2065),
    *range(0x2066, 0x206A),
    0xFEFF,
)
_TABLE: Final[dict[int, str | None]] = {
    **dict.fromkeys(_INVISIBLE),
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},  # full-width ASCII
    **dict.fromkeys((0x2010, 0x2011, 0x2012, 0x2013, 0x2212, 0xFE58, 0xFE63), "-"),
    0x2015: "—",
    **dict.fromkeys((0x2192, 0x21D2, 0x27F6, 0x2794, 0x279C, 0x27A1, 0x203A), ">"),
    **dict.fromkeys((0x2018, 0x2019, 0x02BC, 0x2032, 0xB4), "'"),
    **dict.fromkeys((0x201C, 0x201D, 0x201E, 0x201F, 0xAB, 0xBB), '"'),
    0x2236: ":",
    0x2044: "/",
    0x2215: "/",
    0x00A6: "|",
    0x2026: "...",
}
_LINE_BREAKS: Final = re.compile(r"[\r\n\v\f\x85\u2028\u2029]+")
_GROUP_SPACE: Final = re.compile(r"(?<=[0-9])[\u2007\u2009\u202f](?=[0-9]{3}(?![0-9]))")
# Word processors write one long dash for the `--` between the windows of a bracket.
_LONG_DASH: Final = re.compile(r"(?<=[0-9])( ?- ?[0-9][0-9,.']* ?)—")
_TRAILING: Final = re.compile(r"(?<=[A-Za-z0-9)\]\"'])[.,;!?]+$")
_QUOTES: Final = "\"'`"
_WRAPPERS: Final = ("()", "[]", "{}")

_ASSEMBLY: Final = (
    r"grc[a-z]{0,2}[0-9]{2}(?:\.p[0-9]+)?|hg[0-9]{1,2}(?:\.p[0-9]+)?|b3[678]|"
    r"hs3[78](?:d[0-9]|dh)?|hs1|ncbi[0-9]{2}(?:\.[0-9]+)?|g1k_v37|gc[fa]_[0-9]{6,9}\.[0-9]{1,3}|"
    r"mm[0-9]{1,2}|(?:t2t-?)?chm13(?:v[0-9.]{1,5})?|t2t"
)
_AT_FRONT: Final = re.compile(
    rf"[(\[]?({_ASSEMBLY})[)\]]?(?: ?[|:,;/_-] ?| |(?<=[)\]]))(?=\S)", re.I | re.A
)
_AT_END: Final = re.compile(rf"[ |:,;/_(\[-]({_ASSEMBLY})[)\]]?$", re.I | re.A)
_ALONE: Final = re.compile(rf"[(\[]?({_ASSEMBLY})[)\]]?", re.I | re.A)


def tidy(text: str) -> str:
    """Give the text in plain ASCII punctuation, on one line, without what surrounds it.

    Raises `Refusal` if it is too long or holds several lines; lines that start with `#` are
    headers of a file and do not count.
    """
    if len(text) > MAX_TEXT:
        raise Refusal(
            f"The text is longer than {MAX_TEXT:,} characters.",
            "Paste one variant; of a VCF row the first five columns are enough.",
        )
    lines = [line for line in _LINE_BREAKS.split(text) if _is_content(line)]
    if len(lines) > 1:
        raise several("", f"{len(lines)} lines")
    return _plain(lines[0]) if lines else ""


def several(first: str, what: str = "more than one question") -> Refusal:
    """Say that only one question fits into the box."""
    hint = f"Start with {first}" if first else "Paste the first line alone."
    return Refusal(f"One question at a time, please: this is {what}.", hint)


def split_assembly(text: str) -> tuple[NamedAssembly | None, str]:
    """Take an assembly word off the front or the end of a text.

    Raises `GenomeError` for an assembly that is not a human one known here, and `Refusal` for two
    different ones or for an assembly alone.
    """
    if alone := _ALONE.fullmatch(text):
        assembly = parse_assembly(alone[1]).assembly
        raise Refusal(
            f"{assembly} is an assembly; the question is missing.",
            f"For example {assembly} 1 : 13272 G > C",
        )
    named: list[NamedAssembly] = []
    if front := _AT_FRONT.match(text):
        named.append(parse_assembly(front[1]))
        text = text[front.end() :]
    if end := _AT_END.search(text):
        named.append(parse_assembly(end[1]))
        text = text[: end.start()].rstrip(" |,;([")
    if len({each.assembly for each in named}) > 1:
        raise Refusal(
            f"The text names two assemblies, {named[0].assembly} and {named[1].assembly}.",
            "Leave one of the two out.",
        )
    return (named[0] if named else None), text


def _is_content(line: str) -> bool:
    line = line.strip()
    return bool(line) and not line.startswith("#")


def _plain(line: str) -> str:
    line = _GROUP_SPACE.sub("", line).translate(_TABLE)
    line = " ".join(line.split())
    line = _LONG_DASH.sub(r"\1--", line).replace("—", "-")
    line = line.strip(_QUOTES + " ")
    line = _TRAILING.sub("", line).strip(_QUOTES + " ")
    for opening, closing in _WRAPPERS:
        if line.startswith(opening) and line.endswith(closing) and line.count(opening) == 1:
            line = line[1:-1].strip()
    return line
