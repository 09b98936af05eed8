"""The table of protocol families: a new version is one module and one line here."""

from collections.abc import Mapping
from typing import Final

from aggregator.protocol import beacon_network, csc, v0, v1, v2
from aggregator.protocol.wire import Translator
from registry.models import Protocol

_TRANSLATORS: Final[Mapping[Protocol, Translator]] = {
    Protocol.V0: v0,
    Protocol.V1: v1,
    Protocol.V2: v2,
    Protocol.CSC: csc,
    Protocol.BEACON_NETWORK: beacon_network,
}


def translator_for(protocol: Protocol | None) -> Translator:
    """Give the translator of a protocol; while it is not known, the member is asked as v2."""
    return _TRANSLATORS.get(protocol or Protocol.V2, _TRANSLATORS[Protocol.V2])
