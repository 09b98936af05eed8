"""Cache keys: what was really sent to a member, under which permissions.

The key holds the requests themselves, not the question, so that one key never stands for two
different things asked; the member's revision makes every change of its entry a new key.
"""

import hashlib

from aggregator.model.allele import has_wildcards
from aggregator.model.query import Granularity, Query
from aggregator.protocol.wire import Ask
from registry.snapshot import RegisteredMember

SCHEMA = 2
"""Raised when the stored form of an answer changes."""


def answer_key(member: RegisteredMember, ask: Ask, scope: str, query: Query) -> str:
    """Name the answer of one member to one set of requests within one permission scope."""
    digest = hashlib.blake2b(_read_by(query).encode(), digest_size=16)
    for part in ask.parts:
        request = part.request
        for piece in (request.method.encode(), request.url.encode(), request.body or b""):
            digest.update(len(piece).to_bytes(8, "big"))
            digest.update(piece)
    return f"ba:{SCHEMA}:{member.id}:{member.revision}:{scope}:{digest.hexdigest()}"


def _read_by(query: Query) -> str:
    """Say what of a question decides how an answer is read, also where no request says it.

    How much of it is read; which page its records are; and wildcards, by which records are left
    out.
    """
    told = [query.granularity.value]
    if query.granularity is Granularity.RECORD:
        told += [str(query.pagination.skip), str(query.pagination.limit)]
    variant = query.variant
    bases = (variant.reference, variant.alternate) if variant else ()
    if has_wildcards("".join(one or "" for one in bases)):
        told += [one or "" for one in bases]
    return " ".join(told)
