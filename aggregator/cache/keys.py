"""Cache keys: what was really sent to a member, under which permissions.

The key holds the requests themselves, not the question, so that one key never stands for two
different things asked; the member's revision makes every change of its entry a new key.
"""

import hashlib

from aggregator.protocol.wire import Ask
from registry.snapshot import RegisteredMember

SCHEMA = 2
"""Raised when the stored form of an answer changes."""


def answer_key(member: RegisteredMember, ask: Ask, scope: str, granularity: str) -> str:
    """Name the answer of one member to one set of requests within one permission scope.

    The granularity decides how much of an answer is read, also where no request says it.
    """
    digest = hashlib.blake2b(granularity.encode(), digest_size=16)
    for part in ask.parts:
        request = part.request
        for piece in (request.method.encode(), request.url.encode(), request.body or b""):
            digest.update(len(piece).to_bytes(8, "big"))
            digest.update(piece)
    return f"ba:{SCHEMA}:{member.id}:{member.revision}:{scope}:{digest.hexdigest()}"
