"""Decides whether bytes from a stranger are a picture that may be shown from our own address.

What a picture is, its content says, never a header. Pictures are refused, not repaired: what is
left of a drawing after its dangerous parts were cut out is not what its owner drew.
"""

import re
import struct
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from aggregator.watch.drawing_parts import Parts, is_step

MAX_BYTES: Final = 512 * 1024
MAX_SIDE: Final = 4096
"""The most pixels a side may have."""
MAX_ELEMENTS: Final = 20_000
MAX_DEPTH: Final = 100
MAX_USES: Final = 200
"""The most copies a drawing may make of its own parts."""
MAX_FILTER_STEPS: Final = 40
"""The most steps of all its filters: each computes every pixel anew."""

SVG: Final = "image/svg+xml"
_SVG_NAMESPACE: Final = "http://www.w3.org/2000/svg"
_HARMLESS_NAMESPACES: Final = (
    "http://www.inkscape.org/",
    "http://sodipodi.sourceforge.net/",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns",
    "http://creativecommons.org/ns",
    "http://web.resource.org/cc/",
    "http://purl.org/dc/",
)
"""What drawing programs note in their files and browsers do not show."""
_REFUSED_ELEMENTS: Final = frozenset(
    {
        *("script", "foreignobject", "iframe", "embed", "object", "audio", "video", "canvas"),
        *("handler", "listener", "set", "animate", "animatecolor", "animatemotion"),
        *("animatetransform", "discard", "image", "feimage", "cursor", "font-face-uri", "link"),
        *("tref", "color-profile"),
    }
)
"""Elements that run, load, embed or change something."""
_SCHEMES: Final = ("javascript:", "vbscript:", "data:")
_ADDRESSES: Final = ("http:", "https:", "//")
_LOADING: Final = (
    *("@import", "image-set(", "image(", "cross-fade(", "element(", "paint(", "src("),
    *("expression(", "-moz-binding"),
)
"""Words of style sheets that load something, or did once."""
_URL: Final = re.compile(r"url\(\s*([\"']?)\s*(.?)", re.I | re.S)
_BLANK: Final = re.compile(r"[\s\x00-\x1f]+")
_NO_SIZE: Final = frozenset({0xC4, 0xC8, 0xCC})
"""Markers of JPEG among those of frames that are none."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that may be shown."""

    media_type: str
    body: bytes = field(repr=False)


class _Refused(Exception):
    """Says in one sentence why a picture is not shown."""


def checked_picture(body: bytes) -> Picture | str:
    """Give a picture that may be shown, or say in one sentence why these bytes are none."""
    if not body:
        return "There is nothing at the address."
    if len(body) > MAX_BYTES:
        return f"The picture is larger than {MAX_BYTES // 1024} KiB."
    try:
        for signature, media_type, size_of in _FORMATS:
            if signature.match(body):
                _check_size(size_of(body))
                return Picture(media_type, body)
        _check_drawing(body)
    except _Refused as refusal:
        return str(refusal)
    except (struct.error, IndexError):
        return "The picture is cut short."
    return Picture(SVG, body)


def _check_size(size: tuple[int, int]) -> None:
    width, height = size
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise _Refused(
            f"The picture says it is {width:,} × {height:,} pixels; 1 to {MAX_SIDE:,} is possible."
        )


def _png(body: bytes) -> tuple[int, int]:
    if body[8:16] != b"\x00\x00\x00\rIHDR":
        raise _Refused("The PNG does not begin with its header.")
    width, height = struct.unpack_from(">II", body, 16)
    return width, height


def _gif(body: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", body, 6)
    return width, height


def _jpeg(body: bytes) -> tuple[int, int]:
    """Walk from marker to marker up to the one of the frame (ITU T.81, B.2.2)."""
    at = 2
    while True:
        if body[at] != 0xFF:
            raise _Refused("The JPEG has no size in its header.")
        marker = body[at + 1]
        if marker == 0xFF:  # fill bytes may stand before a marker
            at += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in _NO_SIZE:
            height, width = struct.unpack_from(">HH", body, at + 5)
            return width, height
        (length,) = struct.unpack_from(">H", body, at + 2)
        if length < 2 or marker in {0xD9, 0xDA}:
            raise _Refused("The JPEG has no size in its header.")
        at += 2 + length


def _webp(body: bytes) -> tuple[int, int]:
    """Read the size of the first chunk (RFC 9649)."""
    kind = body[12:16]
    if kind == b"VP8X":
        width, height = body[24:27], body[27:30]
        if len(height) < 3:
            raise _Refused("The picture is cut short.")
        return int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1
    if kind == b"VP8L" and body[20] == 0x2F:
        (bits,) = struct.unpack_from("<I", body, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and body[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", body, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise _Refused("The WebP has no size in its header.")


_FORMATS: Final = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png", _png),
    (re.compile(rb"GIF8[79]a"), "image/gif", _gif),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg", _jpeg),
    (re.compile(rb"RIFF.{4}WEBP", re.S), "image/webp", _webp),
)


def _check_drawing(body: bytes) -> None:
    """Read a drawing element by element; raises `_Refused` at the first thing that is not one."""
    if not body.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        raise _Refused("It is no picture: PNG, JPEG, GIF, WebP and SVG are shown.")
    # the encoding is given, so that nothing is read here otherwise than by a browser
    parser = expat.ParserCreate("utf-8", " ")
    drawing = _Drawing()
    parser.StartElementHandler = drawing.open
    parser.EndElementHandler = drawing.close
    parser.CharacterDataHandler = drawing.read
    parser.XmlDeclHandler = drawing.declare
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.ProcessingInstructionHandler = _refuse_instruction
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        where = f"line {error.lineno}"
        raise _Refused(
            f"It is no picture: neither a known format nor proper SVG ({where})."
        ) from None
    drawing.finish()


def _refuse_doctype(*_: object) -> None:
    raise _Refused("The SVG has a DOCTYPE, which can hold entities; save it without one.")


def _refuse_instruction(*_: object) -> None:
    raise _Refused("The SVG has a processing instruction, which can load style sheets.")


class _Drawing:
    """What was seen of a drawing so far."""

    def __init__(self) -> None:
        self._open: list[tuple[str, str]] = []
        """Name and id of the elements that are open."""
        self._elements = 0
        self._uses: set[str] = set()
        self._copies = 0
        self._holds_copies: set[str] = set()
        self._style: list[str] = []
        self._steps = 0
        self._parts = Parts()

    def declare(self, _version: str, encoding: str | None, _standalone: int) -> None:
        """Refuse another encoding than the one it is read and served in."""
        if encoding is not None and encoding.lower() not in {"utf-8", "utf8", "us-ascii"}:
            raise _Refused(f"The SVG is written in {encoding[:20]}; save it as UTF-8.")

    def open(self, name: str, attributes: dict[str, str]) -> None:
        """Look at an element and everything it says."""
        namespace, _, local = name.rpartition(" ")
        local = local.lower()
        self._elements += 1
        if not self._open and (namespace, local) != (_SVG_NAMESPACE, "svg"):
            raise _Refused("It is no picture: the document is XML, but not SVG.")
        if self._elements > MAX_ELEMENTS or len(self._open) >= MAX_DEPTH:
            raise _Refused("The SVG has too many elements, or too deep ones.")
        if namespace == _SVG_NAMESPACE and local in _REFUSED_ELEMENTS:
            raise _Refused(f"The SVG has an element <{local}>, which is not shown.")
        if namespace != _SVG_NAMESPACE and not namespace.startswith(_HARMLESS_NAMESPACES):
            raise _Refused("The SVG has elements that are not SVG.")
        self._steps += is_step(local)
        for key, value in attributes.items():
            space, _, name = key.rpartition(" ")
            _check_attribute(name.lower(), value, is_note=space.startswith(_HARMLESS_NAMESPACES))
        self._parts.open(local, attributes)
        own_id = attributes.get("id", "")
        if local == "use":
            self._copy(attributes)
        self._open.append((local, own_id))

    def close(self, _name: str) -> None:
        """Look at the style an element held."""
        local, _ = self._open.pop()
        self._parts.close()
        if local == "style":
            _check_style("".join(self._style))
            self._parts.style("".join(self._style))
            self._style.clear()

    def read(self, text: str) -> None:
        """Keep the text of style sheets."""
        if self._open and self._open[-1][0] == "style":
            self._style.append(text)

    def finish(self) -> None:
        """Refuse copies of copies, and the like: a few lines of them draw for hours."""
        if self._steps > MAX_FILTER_STEPS:
            raise _Refused(f"The SVG has filters of more than {MAX_FILTER_STEPS} steps.")
        if self._copies > MAX_USES or self._uses & self._holds_copies:
            raise _Refused("The SVG copies parts of itself that hold copies, or too many.")
        if self._parts.is_endless():
            raise _Refused("The SVG has parts that draw themselves, or repeat too much.")

    def _copy(self, attributes: dict[str, str]) -> None:
        self._copies += 1
        self._holds_copies.update(one for _, one in self._open if one)
        for key, value in attributes.items():
            if key.rpartition(" ")[2].lower() == "href":
                self._uses.add(value.strip().removeprefix("#"))


def _check_attribute(name: str, value: str, *, is_note: bool) -> None:
    """Refuse what runs or loads; notes of drawing programs may hold addresses, of licences say."""
    if name.startswith("on"):
        raise _Refused("The SVG has event handlers, which are scripts.")
    if name in {"href", "src", "base"} and not value.strip().startswith("#"):
        raise _Refused("The SVG refers to something outside itself.")
    plain = _BLANK.sub("", value).lower()
    if any(scheme in plain for scheme in _SCHEMES):
        raise _Refused("The SVG has javascript: or data: addresses.")
    if not is_note:
        _check_nothing_loaded(value)
    _check_references(value)
    if name == "style" or ("\\" in value and "(" in value):
        _check_style(value)


def _check_style(text: str) -> None:
    if "\\" in text:
        raise _Refused("The SVG has styles that hide something.")
    _check_nothing_loaded(text)
    if any(scheme in _BLANK.sub("", text.lower()) for scheme in _SCHEMES):
        raise _Refused("The SVG has javascript: or data: addresses.")
    _check_references(text)


def _check_nothing_loaded(text: str) -> None:
    plain = _BLANK.sub("", text.lower())
    if any(word in plain for word in _LOADING):
        raise _Refused("The SVG has styles that load something.")
    if any(part in plain for part in _ADDRESSES):
        raise _Refused("The SVG holds addresses of the web outside its notes.")


def _check_references(text: str) -> None:
    if any(found[2] != "#" for found in _URL.finditer(text)):
        raise _Refused("The SVG refers to something outside itself.")
