"""What is shown as a picture from our own address, and what is refused and why."""

from collections.abc import Callable
from functools import partial

import pytest

from aggregator.watch.images import MAX_BYTES, MAX_SIDE, Picture, checked_picture
from tests.pictures import gif, jpeg, png, svg, webp
from tests.speed import growth

Make = Callable[..., bytes]

RASTER: dict[str, tuple[Make, ...]] = {
    "image/png": (png,),
    "image/gif": (gif,),
    "image/jpeg": (jpeg, partial(jpeg, marker=0xC2)),
    "image/webp": (webp, partial(webp, b"VP8L"), partial(webp, b"VP8 ")),
}
MAKERS = [(kind, make) for kind, makers in RASTER.items() for make in makers]


@pytest.mark.parametrize(("media_type", "make"), MAKERS)
class TestPixels:
    def test_the_type_is_what_the_content_says(self, media_type: str, make: Make) -> None:
        assert checked_picture(make()) == Picture(media_type, make())

    def test_a_size_up_to_the_limit_is_possible(self, media_type: str, make: Make) -> None:
        body = make(width=MAX_SIDE, height=MAX_SIDE)
        assert checked_picture(body) == Picture(media_type, body)

    @pytest.mark.parametrize("size", [{"width": MAX_SIDE + 1}, {"height": MAX_SIDE + 1}])
    def test_a_picture_that_unfolds_to_gigabytes_is_refused(
        self, media_type: str, make: Make, size: dict[str, int]
    ) -> None:
        problem = checked_picture(make(**size))
        assert isinstance(problem, str)
        assert "4,097" in problem

    def test_a_picture_cut_short_is_refused_wherever_it_is_cut(
        self, media_type: str, make: Make
    ) -> None:
        for end in range(1, 24):
            found = checked_picture(make()[:end])
            assert isinstance(found, (str, Picture))
            if end < 10:
                assert isinstance(found, str)


def test_a_picture_without_pixels_is_refused() -> None:
    assert "0 × 1 pixels" in str(checked_picture(png(0, 1)))
    assert "1 × 0 pixels" in str(checked_picture(gif(1, 0)))


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xd8\xff\xd9",  # ends at once
        b"\xff\xd8\xff\xe0\x00\x00",  # a segment of no length, for ever
        b"\xff\xd8\xff\xe0\x00\x04abXX",  # what follows is no marker
        b"\xff\xd8\xff\xda\x00\x04ab",  # the pixels begin before a size was told
        b"\xff\xd8\xff",
        b"\xff\xd8" + b"\xff" * 100,
        b"\x89PNG\r\n\x1a\n" + b"\x00" * 30,
        b"RIFF\x00\x00\x00\x00WEBPVP9 " + b"\x00" * 30,
        b"RIFF\x00\x00\x00\x00WEBPVP8 " + b"\x00" * 30,
    ],
)
def test_a_header_that_tells_no_size_is_refused(body: bytes) -> None:
    assert isinstance(checked_picture(body), str)


def test_too_large_and_nothing_are_refused() -> None:
    assert "larger than 512 KiB" in str(checked_picture(png() + b"\x00" * MAX_BYTES))
    assert "nothing" in str(checked_picture(b""))


@pytest.mark.parametrize(
    "body",
    [
        b"<!doctype html><html></html>",
        b"<html><body>no logo</body></html>",
        b'{"error": "not found"}',
        b"%PDF-1.7",
        b"BM\x00\x00",
        b"<svg>",
        b"<svg xmlns='http://www.w3.org/2000/svg'><g></svg>",
        b"<svg><path/></svg>",  # in no namespace, which browsers do not draw
        b"\xfe\xff\x00<\x00s\x00v\x00g",
        svg() + b"<svg/>",
        svg()[:-3],
        b"\xff" + svg(),
    ],
)
def test_what_is_no_picture_is_refused(body: bytes) -> None:
    assert isinstance(checked_picture(body), str)


@pytest.mark.parametrize(
    "body",
    [
        svg(),
        b"\xef\xbb\xbf" + svg(),
        b'<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n<!-- a comment -->\n' + svg(),
        svg('<style>.a{fill:#123;clip-path:url(#c)}</style><g class="a" fill="url(#g)"/>'),
        svg('<defs><path id="p" d="M0 0"/></defs><use xlink:href="#p"/><use href="#p"/>'),
        svg('<linearGradient id="a"/><linearGradient id="b" xlink:href="#a"/>'),
        svg("<text style=\"fill: url('#a')\">Beacon &amp; co</text><title>onload</title>"),
        svg(
            '<metadata><r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/></metadata>'
            '<s:namedview xmlns:s="http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd"/>'
        ),
        svg('<a href="#top"><path d="M0 0"/></a>'),
        svg('<rect data-name="C:\\logo.png"/>'),
        svg(
            '<metadata xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            '<w:license xmlns:w="http://creativecommons.org/ns#" r:resource="http://purl.org/a"/>'
            "</metadata>"
        ),
        svg(
            '<filter id="f">' + "<feMerge><feMergeNode/><feMergeNode/></feMerge>" * 10 + "</filter>"
        ),
        svg('<filter id="f"><feTile/></filter>' + '<g filter="url(#f)"/>' * 500),
        svg('<g id="layer" clip-path="url(#c)"><clipPath id="c"><path/></clipPath></g>'),
        svg(
            "<style>.a,g .b{clip-path:url(#c)} #d{mask:url(#c)} path{fill:url(#g)}</style>"
            '<clipPath id="c"><path class="d"/></clipPath><path class="a b" id="d"/>'
            '<linearGradient id="g"><stop class="a"/></linearGradient>'
        ),
        svg(
            '<pattern id="p"><path fill="url(#g)"/></pattern><pattern id="q" href="#p"/>'
            '<path fill="url(#q)"/><linearGradient id="g"/>'
        ),
    ],
)
def test_a_drawing_is_shown(body: bytes) -> None:
    assert checked_picture(body) == Picture("image/svg+xml", body)


REFUSED = {
    "script": "<script>alert(1)</script>",
    "script in capitals": "<SCRIPT>alert(1)</SCRIPT>",
    "script of another namespace": '<s:script xmlns:s="http://www.w3.org/1999/xhtml">1</s:script>',
    "script by a prefix": '<s:script xmlns:s="http://www.w3.org/2000/svg">1</s:script>',
    "html inside": "<foreignObject><p/></foreignObject>",
    "an element of html": '<b xmlns="http://www.w3.org/1999/xhtml"/>',
    "an element of no namespace": '<b xmlns=""/>',
    "a frame": '<iframe src="#a"/>',
    "a handler": '<g onclick="alert(1)"/>',
    "a handler in capitals": '<g OnLoad="alert(1)"/>',
    "a handler of animations": '<g onbegin="alert(1)"/>',
    "an animation of an address": '<a><set attributeName="href" to="#a"/></a>',
    "an animation": '<animate attributeName="href" values="#a"/>',
    "an address elsewhere": '<a href="https://example.org/"><path/></a>',
    "an address of the same site": '<a xlink:href="/admin"><path/></a>',
    "an address without a scheme": '<use href="//example.org/a.svg#b"/>',
    "a picture elsewhere": '<image href="https://example.org/a.png"/>',
    "a picture inside": '<image href="data:image/png;base64,AAAA"/>',
    "a filter that loads": '<filter id="f"><feImage href="#a"/></filter>',
    "javascript": '<a href="javascript:alert(1)"/>',
    "javascript in disguise": '<a href="&#106;ava&#10;script:alert(1)"/>',
    "javascript in any attribute": '<g x="java script:alert(1)"/>',
    "data": '<g fill="data:text/html,1"/>',
    "a style that loads": '<rect style="fill:url(https://example.org/a)"/>',
    "a style that loads, in quotes": "<rect style=\"fill:url( 'https://example.org/a')\"/>",
    "an attribute that loads": '<rect fill="url(//example.org/a)"/>',
    "an escape in a style": r'<rect style="fill:u\72l(//example.org/a)"/>',
    "an escape in an attribute": r'<rect fill="u\72l(//example.org/a)"/>',
    "a style sheet that imports": '<style>@import "https://example.org/a.css";</style>',
    "a style sheet that loads": "<style>a{background:URL(https://example.org/a)}</style>",
    "a style sheet that escapes": r"<style>@\69mport '//example.org/a'</style>",
    "a style sheet in a CDATA section": "<style><![CDATA[a{fill:url(http://a)}]]></style>",
    "a style sheet in two pieces": "<style>a{fill:ur<!-- -->l(http://a)}</style>",
    "an image set": '<style>a{background:image-set("//example.org/a" 1x)}</style>',
    "another base": '<g xml:base="https://example.org/"/>',
    "a processing instruction": '<?xml-stylesheet href="https://example.org/a.css"?>',
    "copies of copies": (
        '<defs><g id="a"><use href="#b"/><use href="#b"/></g><g id="b"><path/></g></defs>'
        '<use href="#a"/>'
    ),
    "an address in a style": "<rect style=\"--a:'https://example.org'\"/>",
    "an address in a style sheet": "<style>a{--b:'//example.org/a'}</style>",
    "an address in an attribute": "<rect fill=\"image('http://example.org/a')\"/>",
    "an address in disguise": '<g lang="ht&#10;tps:a"/>',
    "an image function": "<style>a{mask:image('a.png')}</style>",
    "an image function in an attribute": "<rect mask=\"Image('a.png')\"/>",
    "a cross-fade": "<style>a{mask:-webkit-cross-fade('a' 1%)}</style>",
    "a set of images in an attribute": "<rect mask=\"-webkit-image-set('a.png' 1x)\"/>",
    "an import": "<style>@Import 'a.css';</style>",
    "filters of many steps": "<filter>" + "<feGaussianBlur/>" * 41 + "</filter>",
    "a filter of many elements": (
        '<filter id="f"><feTile/></filter>' + '<g filter="url(#f)"/>' * 1_000
    ),
    "a filter of every element": (
        '<style>*{filter:url(#f)}</style><filter id="f"><feTile/></filter>' + "<g/>" * 1_000
    ),
    "a filter of a class": (
        '<style>.a{filter:url(#f)}</style><filter id="f"><feTile/></filter>'
        + '<g class="a"/>' * 1_000
    ),
    "a pattern of itself": '<pattern id="p"><path fill="url(#p)"/></pattern>',
    "a pattern of itself, spelt otherwise": (
        '<pattern id="p"><g style="fill:url(\'#%70\')"/></pattern>'
    ),
    "a pattern of itself by its class": (
        '<style>g.a{fill:url(#p)}</style><pattern id="p"><g class="b a"/></pattern>'
    ),
    "a pattern of itself by its name": (
        '<style>svg #i{fill:url(#p)}</style><pattern id="p"><g id="i"/></pattern>'
    ),
    "a pattern of itself by any name": (
        '<style>*{fill:url(#p)}</style><pattern id="p"><g/></pattern>'
    ),
    "a pattern of itself outside of a comment": (
        "<style>/* a */.a/* { */{/* } */fill:url(#p)}</style>"
        "<pattern id='p'><g class='a'/></pattern>"
    ),
    "a pattern of itself in a nested rule": (
        "<style>.a{g{x:y} fill:url(#p)}</style><pattern id='p'><g class='a'/></pattern>"
    ),
    "patterns in a circle": (
        '<pattern id="p"><g fill="url(#q)"/></pattern><pattern id="q" href="#p"/>'
    ),
    "a pattern of patterns": (
        '<pattern id="p"><g/></pattern><pattern id="q"><g fill="url(#p)"/></pattern>'
    ),
    "a mask of itself": '<mask id="m"><g><path mask="url(#m)"/></g></mask>',
    "a clip path of itself": '<clipPath id="c" clip-path="url(#c)"/>',
    "masks that unfold": "".join(
        f'<mask id="m{n}">' + f'<path mask="url(#m{n + 1})"/>' * 10 + "</mask>" for n in range(6)
    ),
    "many copies of much": '<g id="a">' + "<path/>" * 1_000 + "</g>" + '<use href="#a"/>' * 101,
    "a copy of itself": '<g id="a"><use href="#a"/></g>',
    "thousands of copies": '<path id="a"/>' + '<use href="#a"/>' * 201,
    "thousands of elements": "<g/>" * 20_001,
    "elements a thousand deep": "<g>" * 1000 + "</g>" * 1000,
}


@pytest.mark.parametrize("inside", REFUSED.values(), ids=REFUSED)
def test_a_drawing_that_does_more_than_draw_is_refused(inside: str) -> None:
    problem = checked_picture(svg(inside))
    assert isinstance(problem, str)
    assert problem.endswith(".")


@pytest.mark.parametrize("attributes", ['onload="alert(1)"', 'xml:base="//a"', 'style="@import a"'])
def test_the_outermost_element_is_looked_at_too(attributes: str) -> None:
    assert isinstance(checked_picture(svg(attributes=attributes)), str)


@pytest.mark.parametrize(
    "before",
    [
        "<!DOCTYPE svg>",
        '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/svg11.dtd">',
        '<!DOCTYPE svg [<!ENTITY a "b"><!ENTITY c "&a;&a;&a;">]>',
        '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<?xml-stylesheet type="text/css" href="//example.org/a.css"?>',
    ],
)
def test_entities_and_style_sheets_before_a_drawing_are_refused(before: str) -> None:
    problem = checked_picture(before.encode() + svg("&c;" if "c" in before[30:] else ""))
    assert isinstance(problem, str)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-7", "iso-8859-1", "ebcdic-cp-us"])
def test_a_drawing_that_may_be_read_in_another_way_is_refused(encoding: str) -> None:
    body = f'<?xml version="1.0" encoding="{encoding}"?>'.encode() + svg()
    problem = checked_picture(body)
    assert isinstance(problem, str)
    assert "UTF-8" in problem or "neither" in problem
    assert isinstance(checked_picture(svg().decode().encode("utf-16")), str)


def test_only_svg_may_stand_outermost() -> None:
    wrapped = b'<g xmlns="http://www.w3.org/2000/svg">' + svg() + b"</g>"
    assert "not SVG" in str(checked_picture(wrapped))


@pytest.mark.parametrize(
    "inside",
    [
        lambda many: f"<style>{'/*' * many}</style>",
        lambda many: f"<style>a{{b:url({' ' * (8 * many)}}}</style>",
        lambda many: f"<style>.{'a' * (2 * many)}!{{b:url(#a)}}</style>",
        lambda many: "<style>" + ".a," * many + "{b:" + "url(#a)" * (many // 4) + "}</style>",
        lambda many: f"<style>{'a>' * many}{{b:url(#a)}}</style>",
        lambda many: f'<g fill="url(#{"a" * (2 * many)}"/>',
    ],
)
def test_what_is_made_to_be_read_for_hours_is_not(inside: Callable[[int], str]) -> None:
    # eight times as much takes about eight times as long, and never its square
    assert growth(lambda many: partial(checked_picture, svg(inside(many))), 2_500, 20_000) < 28
