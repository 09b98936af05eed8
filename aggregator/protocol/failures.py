"""Finds out what an answer says went wrong, whatever shape the member gives its errors.

Real shapes: `error: {errorCode, errorMessage | message}`, a bare `{errorCode, errorMessage}`,
`{message: …}` also around the former, v0's `err: {name, description}`, `{error: code, message}`,
`{msg: […]}`, and plain text.
"""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from aggregator.model.outcome import NoAnswerCode, NotAskedCode
from aggregator.protocol.bodies import text_bytes
from aggregator.protocol.tolerant import text_of
from aggregator.protocol.wire import Failure, Reply

MAX_ERROR_BYTES: Final = 2**20
"""The largest error body that is looked into for a message."""

_SAYING: Final = ("errorMessage", "message", "description", "detail", "title", "msg", "name")
_ERROR_KEYS: Final = ("error", "err", "errors", "message", "msg", "detail", "request_parameters")
_NO_ERROR_CODES: Final = (None, "", 0, "0", 200, "200")


def failure_of(reply: Reply) -> Failure | None:
    """Read the status of an answer; None where it is a success, whose body counts."""
    status = reply.status
    if 200 <= status < 300:
        return None
    document = _error_document(reply)
    said = _words(reply, document)
    if 300 <= status < 400:
        return Failure(NoAnswerCode.REDIRECTED, _redirected(reply), status=status)
    if status in {401, 403}:
        message = f"answers only signed-in or approved users (HTTP {status}){said}"
        return Failure(NoAnswerCode.FORBIDDEN, message, status=status)
    if status == 429:
        message = f"asks to be asked less often (HTTP 429){said}"
        wait_s = retry_after_s(reply.headers)
        return Failure(NoAnswerCode.RATE_LIMITED, message, status=status, retry_after_s=wait_s)
    if status == 508:
        message = "the question came back to where it started: a loop between networks (HTTP 508)"
        return Failure(NotAskedCode.LOOP, message, status=status, is_networks_own=True)
    if status >= 500:
        return Failure(
            NoAnswerCode.SERVER_ERROR,
            f"failed with an error of its own (HTTP {status}){said}",
            status=status,
            retry_after_s=retry_after_s(reply.headers),
            is_networks_own=_is_networks_own(document),
        )
    return Failure(
        NoAnswerCode.REJECTED, f"refused the question (HTTP {status}){said}", status=status
    )


def stated_error(document: Mapping[str, Any]) -> str | None:
    """Give the error a successful answer states; None where it states none.

    `error: null`, empty objects and `{errorCode: 200}` beside an answer are no errors.
    """
    for key in ("error", "err"):
        value = document.get(key)
        if _is_error(value):
            return error_text({key: value}) or "no reason given"
    if "errorCode" in document or "errorMessage" in document:
        bare = {key: document.get(key) for key in ("errorCode", "errorMessage")}
        if _is_error(bare):
            return error_text(bare) or "no reason given"
    return None


def error_text(document: Any, levels: int = 4) -> str | None:
    """Find the words of an error in a document, at most 300 characters on one line."""
    if isinstance(document, list):
        texts = [text for item in document[:10] if (text := error_text(item, levels - 1))]
        return text_of(", ".join(texts))
    if not isinstance(document, Mapping):
        return text_of(document)
    if levels <= 0:
        return None
    if isinstance(document.get("error"), str) and isinstance(document.get("message"), str):
        return text_of(f"{document['error']}: {document['message']}")
    for key in dict.fromkeys((*_SAYING[:1], *_ERROR_KEYS, *_SAYING[1:])):
        if document.get(key) and (text := error_text(document[key], levels - 1)):
            return text
    return None


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Read Retry-After in seconds, never negative; None where absent or unreadable.

    A date counts from the answer's own Date header, so clocks that differ do no harm.
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit() and len(value) <= 10:
        return float(value)
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, wait.total_seconds())


def rejected(message: str) -> Failure:
    """Say that a member answered with an error under a status of success."""
    return Failure(NoAnswerCode.REJECTED, f"refused the question: {message}", status=200)


def without_verdict(document: Mapping[str, Any]) -> Failure:
    """Say why an answer holds no verdict: a message in place of one, or nothing at all."""
    told = {key: document[key] for key in ("message", "msg", "detail") if document.get(key)}
    text = error_text(told) if told else None
    return rejected(text) if text else no_verdict("the answer says neither yes nor no")


def no_verdict(why: str) -> Failure:
    """Say that an answer holds neither a yes nor a no."""
    return Failure(NoAnswerCode.NO_VERDICT, why)


def inconsistent(why: str) -> Failure:
    """Say that an answer contradicts itself or the question."""
    return Failure(NoAnswerCode.INCONSISTENT, why)


def _is_error(value: Any) -> bool:
    if not value:
        return False
    if not isinstance(value, Mapping):
        return True
    has_words = any(told for key, told in value.items() if key != "errorCode")
    return has_words or value.get("errorCode") not in _NO_ERROR_CODES


def _error_document(reply: Reply) -> Any:
    """Decode the body of an error; None where it is no JSON."""
    if len(reply.body) > MAX_ERROR_BYTES:
        return None
    body = text_bytes(reply)
    if isinstance(body, Failure):
        return None
    try:
        return msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return None


def _words(reply: Reply, document: Any) -> str:
    """Give the member's own words as the end of a sentence."""
    text = error_text(document) if isinstance(document, (Mapping, list)) else None
    if document is None or isinstance(document, str):
        start = reply.body[:2000].lstrip()
        plain = start.decode("utf-8", "replace") if not start.startswith(b"<") else ""
        text = text_of(plain.replace("�", ""))
    return f": {text}" if text else ""


def _redirected(reply: Reply) -> str:
    target = ""
    try:
        parts = urlsplit(reply.headers.get("location", ""))
        if parts.hostname:
            port = f":{parts.port}" if parts.port else ""
            target = f" to {parts.scheme or 'https'}://{parts.hostname}{port}{parts.path}"
        elif parts.path:
            target = f" to {parts.path}"
    except ValueError:
        target = ""
    shown = text_of(target) or ""
    return f"redirects elsewhere{' ' + shown if shown else ''} (HTTP {reply.status})"


def _is_networks_own(document: Any) -> bool:
    info = document.get("info") if isinstance(document, Mapping) else None
    return isinstance(info, Mapping) and isinstance(info.get("network"), Mapping)
