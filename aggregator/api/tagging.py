"""Sends what seldom changes with its tag, and says when the reader has it already."""

import hashlib
from collections.abc import Mapping
from datetime import datetime

from aiohttp import ETag, web


def tagged(
    request: web.Request,
    body: bytes,
    content_type: str,
    *,
    headers: Mapping[str, str],
    modified: datetime | None = None,
) -> web.Response:
    """Send a text, or 304 to who names its tag; without a tag the time counts (RFC 9110, 13)."""
    tag = ETag(hashlib.blake2b(body, digest_size=12).hexdigest())
    known = request.if_none_match
    since = request.if_modified_since
    if known is not None:
        is_known = any(one.value in {tag.value, "*"} for one in known)
    else:
        is_known = modified is not None and since is not None and modified <= since
    if is_known:
        response = web.Response(status=304)
    else:
        response = web.Response(body=body, content_type=content_type, charset="utf-8")
    response.headers.update(headers)
    response.etag = tag
    response.last_modified = modified
    return response
