"""How checks are made and what members are called for, in the numbers that apply. For pages."""

from babel.numbers import format_decimal

from aggregator.base import i18n
from aggregator.base.i18n import gettext as _
from aggregator.base.settings import Settings
from registry.health import SLOW_ENDS, SLOW_LEAST, SLOW_OF, Rules
from registry.snapshot import RegisteredMember


def check_bound_s(settings: Settings, member: RegisteredMember | None = None) -> float:
    """Give how long a check waits for an answer, in seconds; None: of members without their own."""
    own = member.entry.timeout_s if member is not None else None
    return own or min(settings.health.probe_timeout_s, settings.query.member_timeout_s)


def bound_words(seconds: float) -> str:
    """Write a bound as it is set, with its fractions: `0.5 s`."""
    number = format_decimal(seconds, "#,##0.###", locale=i18n.language().locale)
    return _("%(number)s s") % {"number": number}


def slow_words(slow_s: float) -> str:
    """Say when a beacon is called slow, and when no more; `slow_s` is from the settings."""
    words = _(
        "A beacon is called slow from %(least)s answers on, while the median of the last %(of)s "
        "answers among its last %(checks)s checks is %(bound)s or more, and no more once it is "
        "below %(less)s."
    )
    return words % {
        "least": i18n.number(SLOW_LEAST),
        "of": i18n.number(SLOW_OF),
        "checks": i18n.number(Rules().recent),
        "bound": bound_words(slow_s),
        "less": bound_words(slow_s * SLOW_ENDS),
    }


def flapping_words() -> str:
    """Say when a beacon is called flapping, and when no more."""
    rules = Rules()
    words = _(
        "It is called flapping once it changed between answering and not %(begin)s times or more "
        "among its last %(checks)s checks, and no more once %(end)s or fewer of such changes are "
        "left among them."
    )
    return words % {
        "begin": i18n.number(rules.flaps_begin),
        "checks": i18n.number(rules.recent),
        "end": i18n.number(rules.flaps_end),
    }
