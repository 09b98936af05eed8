"""Wishes as they are kept, read as far as this server can. Pure.

Another version of this software knows other topics, and another machine other time zones: what
cannot be read stops the alerts of that one address, says why, and is kept for who can read it.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from pydantic import ValidationError

from registry.alerts import UNREAD, Wishes
from registry.problem_words import place_and_words

_MOST_TOLD: Final = 300


def read_wishes(raw: str) -> tuple[Wishes, str]:
    """Read wishes; the second part says what cannot be read of them, empty if nothing is."""
    try:
        return Wishes.model_validate_json(raw), ""
    except ValidationError as error:
        wrong = [_told(one) for one in error.errors()]
        return _readable(parts_of(raw)), f"{UNREAD}{'; '.join(wrong)}"[:_MOST_TOLD]


def parts_of(raw: str) -> Mapping[str, Any]:
    """Give wishes as they are kept, right or wrong; nothing of what is no document."""
    try:
        told = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return {}
    return told if isinstance(told, dict) else {}


def _readable(parts: Mapping[str, Any]) -> Wishes:
    kept: dict[str, Any] = {}
    for name, value in parts.items():
        try:
            Wishes.model_validate({name: value})
        except ValidationError:
            continue
        kept[name] = value
    return Wishes.model_validate(kept)


def _told(error: Mapping[str, Any]) -> str:
    place, words = place_and_words(error)
    return ": ".join([*place, words])
