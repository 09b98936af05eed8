"""The table of metrics in the documentation and the metrics themselves are the same."""

import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from aggregator.base.health_metrics import HealthReadings
from aggregator.base.metrics import Metrics, Readings

OPERATING = Path(__file__).resolve().parents[2] / "docs" / "operating.md"
ROW = re.compile(r"^\| `(beacon_\w+)` \| (\w+) \|([^|]*)\| (.+) \|$", re.M)


async def exposed() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Every metric of ours with its kind and labels, each used once."""
    metrics = Metrics()
    metrics.read = lambda: Readings(breakers={"m": "open"}, members={"active": 1})
    metrics.answered("genomicVariant", "boolean", "found", 0.1, "miss")
    metrics.ended("m", "no_answer", "timeout")
    metrics.incomplete(["timeout"])
    metrics.looked_up("memory", "miss")
    metrics.called("m", 0.1, 0.0)
    metrics.judged("m", "in_time")
    metrics.retried("m", "server_error")
    metrics.responded("/livez", "GET", 429)
    metrics.refused("questions")
    metrics.probed("m", "up", "", 0.1)
    metrics.delivered("webhook", "delivered")
    one = {"m": 1}
    metrics.read_health = lambda: HealthReadings({"m": True}, {"m": 1.0}, {"m": 2.0}, one, one)
    text, _ = await metrics.text()
    found = {}
    for family in text_string_to_metric_families(text.decode()):
        if family.name.startswith("beacon_"):
            name = family.name + ("_total" if family.type == "counter" else "")
            labels = {label for each in family.samples for label in each.labels} - {"le"}
            found[name] = (family.type, tuple(sorted(labels)))
    return found


async def test_every_metric_is_documented_and_every_documented_one_is_there() -> None:
    documented = {
        name: (kind, tuple(sorted(re.findall(r"`(\w+)`", labels))))
        for name, kind, labels, _ in ROW.findall(OPERATING.read_text("utf-8"))
    }
    assert documented == await exposed()
