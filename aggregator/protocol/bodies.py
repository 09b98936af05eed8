"""Turns the bytes of a member into JSON values, or says why they are none.

The header is not asked what the body is: members send JSON as text/html and HTML as JSON. What is
accepted here is later spliced into our own document byte by byte, so it is valid UTF-8 and valid
JSON throughout (no `NaN`, no lone surrogates), and no deeper than clients' parsers bear.
"""

import codecs
import re
from typing import Any, Final, TypeVar

import msgspec

from aggregator.model.outcome import NoAnswerCode
from aggregator.protocol.wire import Failure, Reply

MAX_DEPTH: Final = 100
"""The deepest nesting accepted: parsers of clients stop at 100 (Ruby) to 1,000 (Python)."""

MAX_SCANNED_BYTES: Final = 64 * 2**20
"""What the depth check may work through; only bodies built to be nested come near it."""

_CHARSET: Final = re.compile(r"charset\s*=\s*\"?([\w.:-]+)", re.I)
_SINGLE_BYTE: Final = {
    *("iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "latin-1", "l1"),
    *("windows-1252", "cp1252", "x-cp1252"),
}
_TO_BRACES: Final = bytes.maketrans(b"[]", b"{}")
_NOT_STRUCTURE: Final = bytes(byte for byte in range(256) if byte not in b'{}[]"')
_ESCAPED: Final = re.compile(rb"\\[\\\"]")
_STRING: Final = re.compile(rb'"[^"]*"')
_ANYTHING: Final = msgspec.json.Decoder()

_Decoded = TypeVar("_Decoded")


def invalid_body(message: str) -> Failure:
    """Say that a body cannot be used."""
    return Failure(NoAnswerCode.INVALID_BODY, message)


def text_bytes(reply: Reply) -> bytes | Failure:
    """Give the body as UTF-8 without a byte order mark.

    Other bytes are transcoded only where the header names a single-byte encoding.
    """
    body = reply.body.removeprefix(codecs.BOM_UTF8)
    if not _is_utf8(body):
        charset = _CHARSET.search(reply.headers.get("content-type", ""))
        if charset is None or charset[1].lower() not in _SINGLE_BYTE:
            return invalid_body("the answer is not valid UTF-8")
        body = _from_single_byte(body)
    if not body.strip():
        return invalid_body("the answer is empty")
    return body


def decode(body: bytes, decoder: msgspec.json.Decoder[_Decoded]) -> _Decoded | Failure:
    """Decode a UTF-8 body with a decoder that takes every JSON value of interest."""
    try:
        value = decoder.decode(body)
    except RecursionError:
        return invalid_body("the answer is nested too deeply")
    except ValueError:
        is_page = body.lstrip()[:1] == b"<"
        return invalid_body(
            "the answer is a web page, not JSON" if is_page else "the answer is not valid JSON"
        )
    if depth(body) is None:
        return invalid_body(f"the answer is nested more than {MAX_DEPTH} levels deep")
    return value


def json_value(reply: Reply) -> Any | Failure:
    """Decode a whole body to plain values; for answers without records."""
    body = text_bytes(reply)
    return body if isinstance(body, Failure) else decode(body, _ANYTHING)


def depth(body: bytes) -> int | None:
    """Measure the nesting of valid JSON; None beyond `MAX_DEPTH`.

    Works on whole buffers (a few ms for 8 MB): strings are taken out, brackets become braces, and
    each round takes away the innermost pairs, so that the number of rounds is the depth.
    """
    if b"\\" in body:
        body = _ESCAPED.sub(b"", body)
    structure = body.translate(_TO_BRACES, _NOT_STRUCTURE).replace(b'""', b"")
    if b'"' in structure:
        structure = _STRING.sub(b"", structure)
    rounds = scanned = 0
    while structure:
        scanned += len(structure)
        if rounds == MAX_DEPTH or scanned > MAX_SCANNED_BYTES:
            return None
        structure = structure.replace(b"{}", b"")
        rounds += 1
    return rounds


def _is_utf8(body: bytes) -> bool:
    if body.isascii():
        return True
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _from_single_byte(body: bytes) -> bytes:
    # What calls itself ISO 8859-1 on the web is Windows-1252 (WHATWG Encoding).
    try:
        return body.decode("cp1252").encode()
    except UnicodeDecodeError:
        return body.decode("latin-1").encode()
