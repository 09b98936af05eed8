"""What pages of health say: states, phases, incidents and advice, in the reader's language."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from babel.dates import format_datetime

from aggregator.api.health_drawings import Band, Bar, Slot, counted
from aggregator.api.health_facts import Certificate, MemberHealth, Now
from aggregator.api.naming import told_apart
from aggregator.api.objective_words import percent
from aggregator.api.texts import clean
from aggregator.base import i18n
from aggregator.base.i18n import N_, ngettext
from aggregator.base.i18n import gettext as _
from aggregator.model.outcome import NoAnswerCode
from aggregator.protocol.wire import Failure
from aggregator.watch.join_rules import FIXES, fix_of
from registry.health import Check, Phase, Result, Trait
from registry.history import Figures, Uptime
from registry.incidents import Incident, Topic

STATES: Final = {
    Now.DOWN: ("✕", N_("down")),
    Now.SLOW: ("◐", N_("slow")),
    Now.UP: ("●", N_("answering")),
    Now.PAUSED: ("‖", N_("paused")),
    Now.DISABLED: ("○", N_("switched off")),
    Now.UNKNOWN: ("?", N_("not known")),
    Now.UNCHECKED: ("…", N_("not checked yet")),
    Now.UNTOLD: ("–", N_("not told")),
}
"""Sign and word of each, the worst first."""
MEANINGS: Final = {
    Now.DOWN: N_("Several checks in a row have failed."),
    Now.SLOW: N_("It answers, and takes long."),
    Now.UP: N_("It answers."),
    Now.PAUSED: N_("It is neither checked nor asked."),
    Now.DISABLED: N_("The operator of this network has switched it off."),
    Now.UNKNOWN: N_("Its last checks are too long ago, or failed on our side."),
    Now.UNCHECKED: N_("No check of it has ended yet."),
    Now.UNTOLD: N_("Several beacons that answer as one; how each is doing is not told."),
}
TRAITS: Final = {
    Trait.SLOW: N_("slow"),
    Trait.FLAPPING: N_("keeps changing between up and down"),
    Trait.SILENT: N_("answers checks but times out on questions"),
    Trait.UNTRUSTED: N_("fails a control"),
}
PHASES: Final = {
    Phase.DNS: N_("name"),
    Phase.CONNECT: N_("connection"),
    Phase.TLS: N_("certificate"),
    Phase.STATUS: N_("HTTP status"),
    Phase.BODY: N_("body"),
    Phase.SCHEMA: N_("content"),
    Phase.SLOW: N_("too slow"),
    Phase.OURS: N_("on our side"),
}
RESULTS: Final = {
    Result.UP: N_("answered"),
    Result.DOWN: N_("failed"),
    Result.UNKNOWN: N_("says nothing"),
    Result.PAUSED: N_("paused"),
}
VERDICTS: Final = {
    "pass": ("✓", N_("passed")),
    "fail": ("✕", N_("failed")),
    "not_answered": ("?", N_("not answered")),
    "none": ("–", N_("none")),
}
TOPICS: Final = {
    Topic.OUTAGE: N_("down"),
    Topic.SLOW: N_("slow"),
    Topic.FLAPPING: N_("kept changing between up and down"),
    Topic.SILENT: N_("answered checks but not questions"),
    Topic.CERTIFICATE: N_("certificate"),
    Topic.CONFORMANCE: N_("conformance"),
    Topic.CONTROL: N_("failed a control"),
    Topic.NETWORK: N_("the connection of this network was away"),
}
_BARS: Final = {
    Bar.UP: N_("%(number)s up"),
    Bar.SLOW: N_("%(number)s slow"),
    Bar.PARTLY: N_("%(number)s partly down"),
    Bar.DOWN: N_("%(number)s down"),
    Bar.NONE: N_("%(number)s without checks"),
}
NO_ISOLATES: Final = str.maketrans("", "", "\u2068\u2069")
"""Takes the marks out that keep a name's reading direction to itself: pages need them."""
_NAMED: Final = 3
"""So many beacons that are down are named in the sentence above the list."""
_FIXES: Final[Mapping[Phase, NoAnswerCode]] = {
    Phase.DNS: NoAnswerCode.DNS,
    Phase.CONNECT: NoAnswerCode.CONNECT,
    Phase.TLS: NoAnswerCode.TLS,
    Phase.BODY: NoAnswerCode.INVALID_BODY,
    Phase.SCHEMA: NoAnswerCode.NO_VERDICT,
    Phase.SLOW: NoAnswerCode.TIMEOUT,
}
_CLIENT_ERROR: Final = 400
_SERVER_ERROR: Final = 500


def state_words(one: MemberHealth, now: datetime) -> tuple[str, str]:
    """Give the sign and the words of how a member is doing: `down 52 min`."""
    sign, word = STATES[one.now]
    if one.now is Now.DOWN and one.since is not None:
        lasting = i18n.age((now - one.since).total_seconds())
        return sign, _("down %(time)s") % {"time": lasting}
    return sign, _(word)


def trait_words(one: MemberHealth) -> list[str]:
    """Name what is said of a member beside its state; `slow` is its state."""
    return [_(TRAITS[trait]) for trait in one.traits if trait is not Trait.SLOW]


def because(one: MemberHealth) -> str:
    """Say why a member is in its state, and until when a pause lasts; empty: nothing to say."""
    if one.now is Now.DOWN and one.cause is not None:
        return clean(one.cause.message, 300) or _phase(one.cause)
    if one.pause is None:
        return ""
    by = _("by itself") if one.pause.by == "member" else _("by its operator")
    until = one.pause.until
    told = i18n.moment(until) if isinstance(until, datetime) else (until and until.isoformat())
    parts = (
        by,
        _("until %(time)s") % {"time": told} if told else "",
        f"“{clean(one.pause.note, 500)}”" if one.pause.note else "",
    )
    return " · ".join(filter(None, parts))


def summary_of(board: Sequence[MemberHealth], now: datetime) -> list[str]:
    """Say in a few sentences how the network is doing."""
    found = Counter(one.now for one in board)
    up, checked = found[Now.UP] + found[Now.SLOW], sum(one.counts for one in board)
    told = []
    if checked:
        sentence = ngettext(
            "%(up)s of %(all)s beacon answers.", "%(up)s of %(all)s beacons answer.", checked
        )
        told.append(sentence % {"up": i18n.number(up), "all": i18n.number(checked)})
    elif board:
        told.append(_("Of no beacon is known whether it answers."))
    else:
        told.append(_("This network has no members yet."))
    told += _down(board, now)
    if found[Now.SLOW]:
        words = ngettext("%(number)s is slow.", "%(number)s are slow.", found[Now.SLOW])
        told.append(words % {"number": i18n.number(found[Now.SLOW])})
    rest = [
        _("%(number)s %(word)s")
        % {"number": i18n.number(found[state]), "word": _(STATES[state][1])}
        for state in STATES
        if state not in {Now.DOWN, Now.SLOW, Now.UP} and found[state]
    ]
    if rest:
        told.append(_("Not counted: %(parts)s.") % {"parts": ", ".join(rest)})
    return told


def _down(board: Sequence[MemberHealth], now: datetime) -> list[str]:
    down = [one for one in board if one.now is Now.DOWN]
    names = told_apart((one.id, one.name) for one in board)
    if len(down) > _NAMED:
        words = ngettext("%(number)s is down.", "%(number)s are down.", len(down))
        return [words % {"number": i18n.number(len(down))}]
    return [
        _("%(name)s is down since %(time)s (%(lasting)s).")
        % {
            "name": f"\u2068{names[one.id]}\u2069",
            "time": short_moment(one.since, now),
            "lasting": i18n.age((now - one.since).total_seconds()),
        }
        for one in down
        if one.since is not None
    ]


def bars_words(slots: Sequence[Slot], span: str) -> str:
    """Sum up a drawing of bars: `24 h: 46 up, 1 slow, 1 down`."""
    found = counted(slots)
    parts = [
        _(_BARS[bar]) % {"number": i18n.number(number)} for bar, number in found.items() if number
    ]
    return f"{span}: {', '.join(parts)}"


def slot_words(slot: Slot) -> str:
    """Say what a bar of half-hours stands for."""
    return f"{_clock(slot.start)}–{_clock(slot.end)} {checks_words(slot.uptime, slot.slow)}"


def day_words(slot: Slot) -> str:
    """Say what a bar of days stands for."""
    return f"{slot.start:%Y-%m-%d} {checks_words(slot.uptime, slot.slow)}"


def chart_words(slots: Sequence[Slot], bands: Sequence[Band]) -> str:
    """Say what the drawing of times shows to those who cannot see it."""
    told = [slot.p95_ms for slot in slots if slot.p95_ms is not None]
    if not told:
        return _("Times of answers: none are known.")
    words = ngettext(
        "Times of answers: 95 %% came within %(least)s at best and %(most)s at worst; "
        "%(number)s outage.",
        "Times of answers: 95 %% came within %(least)s at best and %(most)s at worst; "
        "%(number)s outages.",
        len(bands),
    )
    return words % {
        "least": time_words(min(told)),
        "most": time_words(max(told)),
        "number": i18n.number(len(bands)),
    }


def checks_words(uptime: Uptime, slow: int = 0) -> str:
    """Say how checks ended: `28 of 30, 2 slow`."""
    if not uptime.checks:
        if uptime.paused:
            return _("paused")
        return _("our connection was away") if uptime.unknown else _("no checks")
    told = _("%(up)s of %(all)s") % {
        "up": i18n.number(uptime.up),
        "all": i18n.number(uptime.checks),
    }
    if slow:
        told += ", " + _("%(number)s slow") % {"number": i18n.number(slow)}
    return told


def uncounted_words(uptime: Uptime) -> str:
    """Say which checks do not count for the uptime, and why."""
    parts = []
    if uptime.paused:
        parts.append(_("%(number)s paused") % {"number": i18n.number(uptime.paused)})
    if uptime.unknown:
        parts.append(_("%(number)s on our side") % {"number": i18n.number(uptime.unknown)})
    return ", ".join(parts)


def both_words(checks: Figures, questions: Figures) -> str:
    """Put checks and real questions of the last day side by side in a sentence."""
    told = [
        words % {"up": i18n.number(uptime.up), "all": i18n.number(uptime.checks)}
        for uptime, words in (
            (checks.uptime, _("%(up)s of %(all)s checks")),
            (questions.uptime, _("%(up)s of %(all)s real questions")),
        )
        if uptime.checks
    ]
    if not told:
        return _("In the last 24 hours it was neither checked nor asked anything.")
    sentence = _("In the last 24 hours it answered %(what)s.") % {"what": _(" and ").join(told)}
    if questions.timed_out:
        late = ngettext(
            "%(number)s question had no answer in time.",
            "%(number)s questions had no answer in time.",
            questions.timed_out,
        )
        sentence += " " + late % {"number": i18n.number(questions.timed_out)}
    return sentence


def result_words(check: Check) -> str:
    """Say how a check ended."""
    return _(RESULTS[check.result])


def verdict_words(verdict: str) -> str:
    """Say how a control stands, with its sign."""
    sign, word = VERDICTS[verdict]
    return f"{sign} {_(word)}"


def share_words(uptime: Uptime) -> str:
    """Write the share of checks that were answered; empty where none counts."""
    return "" if uptime.share is None else percent(uptime.share)


def time_words(ms: float | None) -> str:
    """Write a time of milliseconds in seconds; empty where none is known."""
    return "" if ms is None else i18n.seconds(ms / 1000)


def times_words(figures: Figures) -> str:
    """Write the median and the 95th percentile: `0.20 s / 0.40 s`."""
    if figures.p50_ms is None or figures.p95_ms is None:
        return ""
    return f"{time_words(figures.p50_ms)} / {time_words(figures.p95_ms)}"


def certificate_words(certificate: Certificate) -> tuple[str, str]:
    """Give the sign and the words of a certificate: `! 12 days`."""
    sign = {"good": "✓", "bad": "✕", "unknown": "?"}.get(certificate.level, "!")
    has_ended = certificate.level == "bad" and not certificate.problem
    if has_ended or (certificate.days is not None and certificate.days < 0):
        return sign, _("expired")
    if certificate.problem:
        return sign, _(CERTIFICATE_PROBLEMS.get(certificate.problem, N_("not trusted")))
    if certificate.days is None:
        return sign, _("not known")
    words = ngettext("%(number)s day", "%(number)s days", certificate.days)
    return sign, words % {"number": i18n.number(certificate.days)}


CERTIFICATE_PROBLEMS: Final = {
    "expired": N_("expired"),
    "not_yet": N_("not valid yet"),
    "host": N_("for another name"),
    "untrusted": N_("not trusted"),
    "incomplete": N_("chain incomplete"),
}


def advice_of(check: Check) -> str:
    """Say what those who run a beacon can do about a failed check, in English; empty: nothing."""
    if check.phase is None:
        return ""
    if check.phase is Phase.STATUS:
        return FIXES[_status_code(check.status or 0)]
    code = _FIXES.get(check.phase)
    return "" if code is None else fix_of(Failure(code, check.message))


def incident_words(incident: Incident, now: datetime) -> str:
    """Say from when to when an incident lasted, and how long."""
    end = incident.ended or now
    lasted = i18n.age((end - incident.began).total_seconds())
    until = short_moment(incident.ended, incident.began) if incident.ended else _("now")
    began = short_moment(incident.began)
    return f"{began} – {until} ({lasted})"


def short_moment(value: datetime | None, today: datetime | None = None) -> str:
    """Write a point in time to the minute in UTC: its clock alone where it is on the day given."""
    if value is None:
        return ""
    if today is not None and value.date() == today.date():
        return f"{_clock(value)} UTC"
    pattern = _("yyyy-MM-dd HH:mm 'UTC'")
    return format_datetime(value, pattern, locale=i18n.language().locale)


def age_words(value: datetime, now: datetime) -> str:
    """Say how long ago something was."""
    return i18n.age((now - value).total_seconds())


def span_words(seconds: float) -> str:
    """Write how often something is done: `every 60 s`."""
    told = i18n.age(seconds) if seconds >= 1 else i18n.seconds(seconds)
    return _("every %(time)s") % {"time": told}


def joined(sentences: Iterable[str]) -> str:
    """Write sentences one after the other."""
    return " ".join(sentences)


def _phase(check: Check) -> str:
    return "" if check.phase is None else _(PHASES[check.phase])


def _clock(value: datetime) -> str:
    return f"{value:%H:%M}"


def _status_code(status: int) -> NoAnswerCode:
    if status in {401, 403}:
        return NoAnswerCode.FORBIDDEN
    if status == 429:
        return NoAnswerCode.RATE_LIMITED
    if status >= _SERVER_ERROR:
        return NoAnswerCode.SERVER_ERROR
    return NoAnswerCode.REJECTED if status >= _CLIENT_ERROR else NoAnswerCode.REDIRECTED
