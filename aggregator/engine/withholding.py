"""Takes our credential for a member out of what it says: it may repeat what it was sent. Pure.

Records and the links to more are what a member publishes, and stay as they are.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import msgspec

from aggregator.model.answer import Answer, Leaf
from aggregator.protocol.wire import Failure
from aggregator.upstream.masking import masker

_Masked = Callable[[str], str]


def without_credential(read: Answer | Failure, authorization: str | None) -> Answer | Failure:
    """Give what was read of a member with its words masked, before anybody keeps or shows it."""
    if authorization is None:
        return read
    masked = masker(authorization)
    leaves = tuple(_leaf(one, masked) for one in read.leaves)
    if isinstance(read, Failure):
        return replace(read, message=masked(read.message), leaves=leaves)
    sets = (msgspec.structs.replace(one, info=_value(one.info, masked)) for one in read.result_sets)
    return msgspec.structs.replace(
        read,
        warnings=tuple(map(masked, read.warnings)),
        leaves=leaves,
        result_sets=tuple(sets),
    )


def _leaf(one: Leaf, masked: _Masked) -> Leaf:
    if one.reason is None:
        return one
    return msgspec.structs.replace(one, reason=masked(one.reason))


def _value(told: Any, masked: _Masked) -> Any:
    if isinstance(told, str):
        return masked(told)
    if isinstance(told, Mapping):
        return {name: _value(one, masked) for name, one in told.items()}
    if isinstance(told, (list, tuple)):
        return [_value(one, masked) for one in told]
    return told
