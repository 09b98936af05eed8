"""Forms of the pages of alerts: what was typed, as the document that programs send."""

import re
from collections.abc import Sequence
from typing import Any, Final

from aggregator.api.admin_forms import Sent
from registry.alerts import Target, Wishes

_NUMBER: Final = re.compile(r"-?[0-9]{1,18}")
_QUIET: Final = re.compile(r"quiet: (?:(zone|from|to): )?(.+)", re.S)


def wishes_document(sent: Sent) -> dict[str, Any]:
    """Read what somebody wants to be told out of a form, right or wrong."""
    document: dict[str, Any] = {"topics": [*sent.all("topics")]}
    for name in ("after_minutes", "remind_hours"):
        told = sent.text(name) or "0"
        document[name] = int(told) if _NUMBER.fullmatch(told) else told
    begins, ends = sent.text("quiet_from"), sent.text("quiet_to")
    document["quiet"] = None
    if begins or ends:
        zone = sent.text("quiet_zone") or "UTC"
        document["quiet"] = {"zone": zone, "from": begins, "to": ends}
    return document


def at_fields(problems: Sequence[str]) -> list[str]:
    """Name in problems the fields of the form instead of those of the document."""
    return [_QUIET.sub(lambda found: f"quiet_{found[1] or 'from'}: {found[2]}", one, count=1)
            if one.startswith("quiet: ") else one for one in problems]  # fmt: skip


def values_of(wishes: Wishes, target: Target | None = None) -> dict[str, tuple[str, ...]]:
    """Fill a form in."""
    quiet = wishes.quiet
    return {
        "topics": tuple(one.value for one in wishes.topics),
        "after_minutes": (str(wishes.after_minutes or ""),),
        "remind_hours": (str(wishes.remind_hours or ""),),
        "quiet_zone": (quiet.zone if quiet else "",),
        "quiet_from": (quiet.begins if quiet else "",),
        "quiet_to": (quiet.ends if quiet else "",),
        "kind": ("webhook",),
        "address": ("",),
        "member": (target.id if target else "",),
    }
