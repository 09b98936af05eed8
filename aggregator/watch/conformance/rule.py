"""What a rule of conformance is, and the words that rules of both versions share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

CORS: Final = "https://fetch.spec.whatwg.org/#http-access-control-allow-origin"

COMPLETE: Final = "Complete it as the schema requires; each deviation says where and what."
CORS_FIX: Final = "Answer with Access-Control-Allow-Origin: * where everybody may read."
TYPE_FIX: Final = "Answer with Content-Type: application/json."
FORM_FIX: Final = "Take questions in this form too: clients that know the specification use it."
REFUSE_FIX: Final = "Check the parameters, and answer what cannot be asked with status 400."


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing the specification asks of a beacon."""

    id: str
    """Stable: histories and links name it."""
    title: str
    fix: str
    """What to change where it fails, one sentence."""
    spec: str
    """Where the specification says so."""


def by_id(*rules: Rule) -> Mapping[str, Rule]:
    """Put rules in order under their ids."""
    return {rule.id: rule for rule in rules}
