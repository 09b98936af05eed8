"""Reads a 404 to a question for one record: no such record, or no such path.

Only the first is a no. A server that does not know the path says nothing about the record, so the
member's own documents, or a whole Beacon error document, must show that it knows it.
"""

from aggregator.model.answer import Answer, Exists
from aggregator.model.query import Query
from aggregator.protocol.bodies import json_value
from aggregator.protocol.failures import MAX_ERROR_BYTES
from aggregator.protocol.tolerant import id_of, text_of
from aggregator.protocol.v2_address import is_known_to_serve, is_standard
from aggregator.protocol.wire import Reply
from registry.snapshot import RegisteredMember


def no_such_record(reply: Reply, query: Query, member: RegisteredMember) -> Answer | None:
    """Give the no that a 404 means; None where it proves nothing."""
    if reply.status != 404 or query.record_id is None or len(reply.body) > MAX_ERROR_BYTES:
        return None
    document = json_value(reply)
    if not isinstance(document, dict):
        return None
    meta = document.get("meta")
    is_beacon_error = isinstance(meta, dict) and bool(meta) and bool(document.get("error"))
    is_told = is_beacon_error and member.capabilities.endpoints is None and is_standard(query)
    if not is_told and not is_known_to_serve(query, member):
        return None
    facts = meta if isinstance(meta, dict) else {}
    return Answer(
        exists=Exists.NO,
        beacon_id=id_of(facts.get("beaconId")),
        api_version=text_of(facts.get("apiVersion")),
    )
