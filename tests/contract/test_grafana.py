"""The dashboard and the rules in docs/ ask for metrics, labels and values that there are."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from aggregator.model.merged import Verdict
from aggregator.model.outcome import Ending, NoAnswerCode
from registry.health import Phase, Result
from tests.contract.test_metrics_docs import exposed

DOCS = Path(__file__).resolve().parents[2] / "docs"
Json = Any

VALUES = {
    "result": {*(each.value for each in Result), "hit", "stale", "miss", "delivered", "failed"},
    "phase": {each.value for each in Phase},
    "verdict": {each.value for each in Verdict},
    "answer": {each.value for each in Ending},
    "reason": {each.value for each in NoAnswerCode},
    "state": {"active", "paused", "suspended", "disabled"},
    "speed": {"in_time", "late", "cut_off"},
    "cache": {"hit", "stale", "miss", "none"},
    "status": {"500"},
}
"""What the values of labels may be that the expressions name."""
WORDS = frozenset(
    {
        *("sum", "max", "count", "rate", "increase", "max_over_time", "histogram_quantile"),
        *("min", "min_over_time"),
        *("by", "on", "and", "or", "unless", "offset", "vector", "time"),
    }
)
NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
MATCHER = re.compile(r'\s*([a-z_]+)\s*(=~|!~|!=|=)\s*"([^"]*)"\s*')


def dashboard() -> Json:
    return json.loads((DOCS / "grafana-dashboard.json").read_text("utf-8"))


def rules() -> list[Json]:
    document = yaml.safe_load((DOCS / "prometheus-rules.yml").read_text("utf-8"))
    return [rule for group in document["groups"] for rule in group["rules"]]


def targets() -> Iterator[tuple[str, str, str]]:
    """Title, expression and legend of everything the dashboard asks for."""
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"], target["legendFormat"]


EXPRESSIONS = sorted(
    {expression for _, expression, _ in targets()} | {rule["expr"] for rule in rules()}
)


async def known() -> dict[str, set[str]]:
    """The labels of every series there is, and of what the rules record."""
    found: dict[str, set[str]] = {
        "process_resident_memory_bytes": set(),
        "process_cpu_seconds_total": set(),
    }
    for name, (kind, labels) in (await exposed()).items():
        if kind == "histogram":
            found[f"{name}_bucket"] = {*labels, "le"}
            found[f"{name}_count"] = found[f"{name}_sum"] = {*labels}
        else:
            found[name] = {*labels}
    found |= {rule["record"]: {"member"} for rule in rules() if "record" in rule}
    return found


def problems(expression: str, series: dict[str, set[str]]) -> list[str]:
    """Say what an expression asks for that there is not."""
    found, used = [], set()
    rest = re.sub(r"\[[^\]]*\]", "", expression)
    for name, matchers in re.findall(r"([a-zA-Z_:][\w:]*)\s*\{([^}]*)\}", rest):
        labels = series.get(name, set())
        for matcher in matchers.split(","):
            match = MATCHER.fullmatch(matcher)
            if match is None:
                found.append(f"{matcher} is no matcher")
                continue
            label, _, value = match.groups()
            if label not in labels:
                found.append(f"{name} has no label {label}")
            if value != "$member" and not {*value.split("|")} <= VALUES.get(label, set()):
                found.append(f"{label} is never {value}")
    rest = re.sub(r"\{[^}]*\}", "", rest)
    grouped = re.findall(r"\b(?:by|on) \(([^)]*)\)", rest)
    rest = re.sub(r"\b(by|on) \([^)]*\)", r"\1", rest)
    for word in NAME.findall(re.sub(r"\b\d[\w.]*", "", rest)):
        if word in series:
            used |= series[word]
        elif word not in WORDS:
            found.append(f"there is no {word}")
    named = {each.strip() for labels in grouped for each in labels.split(",")} - {""}
    found += [f"nothing here has the label {label}" for label in sorted(named - used)]
    if expression.count("(") != expression.count(")"):
        found.append("a bracket is missing")
    return found


@pytest.mark.parametrize("expression", EXPRESSIONS)
async def test_an_expression_asks_for_what_there_is(expression: str) -> None:
    assert problems(expression, await known()) == []


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("sum(rate(beacon_querys_total[5m]))", "there is no beacon_querys_total"),
        ('beacon_member_up{host="x"}', "beacon_member_up has no label host"),
        ('beacon_member_probe_total{result="good"}', "result is never good"),
        ("sum by (host) (beacon_member_up)", "nothing here has the label host"),
        ("sum(beacon_member_up", "a bracket is missing"),
        ("beacon_query_duration_seconds", "there is no beacon_query_duration_seconds"),
    ],
)
async def test_what_there_is_not_is_seen(expression: str, problem: str) -> None:
    assert problem in problems(expression, await known())


async def test_the_dashboard_shows_every_metric() -> None:
    """Whatever is counted can be looked at, but for what only alerts look at."""
    text = " ".join(expression for _, expression, _ in targets())
    missing = [name for name in await exposed() if name not in text]
    assert missing == []


def test_the_dashboard_can_be_imported() -> None:
    document = dashboard()
    assert document["title"] == "Beacon network"
    names = [each["name"] for each in document["templating"]["list"]]
    assert names == ["datasource", "member"]
    rows = [each["title"] for each in document["panels"] if each["type"] == "row"]
    assert rows == ["Network", "Members", "Questions", "Cache", "Alerts"]
    ids = [each["id"] for each in document["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in document["panels"]:
        if panel["type"] == "row":
            continue
        assert panel["title"]
        assert panel["description"]
        if "targets" in panel:
            assert panel["datasource"]["uid"] == "${datasource}"
            letters = [each["refId"] for each in panel["targets"]]
            assert len(set(letters)) == len(letters)


def test_no_two_panels_lie_over_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard()["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


def test_what_is_narrowed_to_members_has_the_label() -> None:
    for title, expression, legend in targets():
        if "{{member}}" in legend:
            assert 'member=~"$member"' in expression, title


def test_every_alert_says_what_is_wrong_and_what_to_do() -> None:
    alerts = [rule for rule in rules() if "alert" in rule]
    names = [rule["alert"] for rule in alerts]
    assert len(set(names)) == len(names) > 10
    for rule in alerts:
        assert rule["alert"].startswith("Beacon")
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert rule["annotations"].keys() == {"summary", "description"}
        assert 10 < len(rule["annotations"]["summary"]) < 80
        assert len(rule["annotations"]["description"]) > 40
        told = " ".join(rule["annotations"].values())
        if re.search(r"by \(member\)|beacon:member", rule["expr"]) and "count(" not in rule["expr"]:
            assert "{{ $labels.member }}" in told, rule["alert"]
        else:
            assert "$labels.member" not in told, rule["alert"]


def test_recorded_names_say_what_they_are_of() -> None:
    for rule in rules():
        assert ("record" in rule) is not ("alert" in rule)
        if "record" in rule:
            assert re.fullmatch(r"beacon:member_[a-z0-9_]+:[a-z0-9_]+", rule["record"])


def test_the_windows_of_recorded_ratios_are_those_of_their_names() -> None:
    ratios = [rule for rule in rules() if ":ratio_rate" in rule.get("record", "")]
    assert len(ratios) > 5
    for rule in ratios:
        window = rule["record"].rpartition(":ratio_rate")[2]
        assert set(re.findall(r"\[(\w+)\]", rule["expr"])) == {window}


def test_the_documentation_names_both() -> None:
    page = (DOCS / "operating.md").read_text("utf-8")
    assert "(grafana-dashboard.json)" in page
    assert "(prometheus-rules.yml)" in page
