"""Pictures of a few bytes in every format that is shown, made here so that none is anybody's."""

import struct
import zlib


def png(width: int = 1, height: int = 1) -> bytes:
    """A PNG that says it has this size; of one pixel it is a whole one."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\x00\x0b\x53\x94")
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def gif(width: int = 1, height: int = 1) -> bytes:
    size = struct.pack("<HH", width, height)
    return (
        b"GIF89a"
        + size
        + b"\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00"
        + (b"\x01\x00\x01\x00\x00\x02\x02D\x01\x00;")
    )


def jpeg(width: int = 1, height: int = 1, marker: int = 0xC0) -> bytes:
    """The header of a JPEG: an APP0, a comment, fill bytes, and the frame."""
    app0 = b"\xff\xe0" + struct.pack(">H", 16) + b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    comment = b"\xff\xfe" + struct.pack(">H", 6) + b"\xff\xc0ab"
    sizes = struct.pack(">HBHHB", 11, 8, height, width, 1)
    frame = b"\xff\xff" + bytes([marker]) + sizes + b"\x01\x11\x00"
    return b"\xff\xd8" + app0 + comment + frame + b"\xff\xd9"


def webp(kind: bytes = b"VP8X", width: int = 1, height: int = 1) -> bytes:
    """The beginning of a WebP: extended, lossless (VP8L) or lossy (VP8 )."""
    if kind == b"VP8X":
        body = b"\x00\x00\x00\x00" + (width - 1).to_bytes(3, "little")
        body += (height - 1).to_bytes(3, "little")
    elif kind == b"VP8L":
        body = b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14)
    else:
        body = b"\x00\x00\x00\x9d\x01\x2a" + struct.pack("<HH", width, height)
    chunk = kind + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk


def svg(inside: str = '<path d="M0 0h9v9z"/>', attributes: str = "") -> bytes:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 9 9" {attributes}>{inside}</svg>'
    ).encode()
