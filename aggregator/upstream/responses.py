"""What answers of members say beside their bodies: headers, redirects, sizes."""

import aiohttp
from yarl import URL

from aggregator.model.outcome import NoAnswerCode
from aggregator.protocol.wire import Failure
from aggregator.upstream.limits import MIB
from aggregator.upstream.retry import Attempt


def lowered(response: aiohttp.ClientResponse) -> dict[str, str]:
    """Give the headers by lower-case name; repeated ones are joined with commas."""
    headers: dict[str, str] = {}
    for name, value in response.headers.items():
        key = name.lower()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return headers


def redirected(response: aiohttp.ClientResponse) -> Attempt:
    """Say where an answer redirects to."""
    status = response.status
    target = _target(response)
    if target is None:
        message = f"redirects (HTTP {status}) without saying where to"
        return Attempt(failure=Failure(NoAnswerCode.REDIRECTED, message, status=status))
    message = f"redirects (HTTP {status}) to {target.host}: its address here is out of date"
    failure = Failure(NoAnswerCode.REDIRECTED, message, status=status)
    return Attempt(failure=failure, location=str(target))


def _target(response: aiohttp.ClientResponse) -> URL | None:
    """Read Location as an absolute address without credentials and fragment."""
    location = response.headers.get("Location", "")
    try:
        target = response.url.join(URL(location)).with_user(None).with_fragment(None)
        return target if location and target.host else None
    except (ValueError, IndexError):  # a host that is no name shows only when it is read
        return None


def redirect_refusal(source: URL, target: URL) -> str | None:
    """Say why a redirect is not followed; None if it may be."""
    if target.scheme not in {"http", "https"}:
        return f"redirects to an address that is not of the web ({target.scheme}:)"
    if source.scheme == "https" and target.scheme == "http":
        return f"redirects from https to http on {target.host}, which is not safe"
    return None


def too_large(max_bytes: int, status: int) -> Failure:
    """Say that an answer is larger than it may be, in bytes."""
    message = f"its answer is larger than {shown_size(max_bytes)}"
    return Failure(NoAnswerCode.TOO_LARGE, message, status=status)


def shown_size(size: int) -> str:
    """Write a number of bytes for people."""
    return f"{size / MIB:g} MiB" if size >= MIB else f"{size} bytes"
