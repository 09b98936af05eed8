"""What is told of members' health in Prometheus' words, as it was read last from the registry.

Every process tells it, whichever of them makes the checks. What is not known is left out: a series
that ends says that nothing is known any more, where a 0 would say that a member is down.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import GaugeMetricFamily, Metric


@dataclass(frozen=True, slots=True)
class HealthReadings:
    """How the members that everybody may see are doing at one moment, by id."""

    up: Mapping[str, bool] = field(default_factory=dict)
    """Whether it answers checks; nobody of whom that is not known now."""
    certificates: Mapping[str, float] = field(default_factory=dict)
    """When its certificate ends, in seconds since 1970."""
    lifetimes: Mapping[str, float] = field(default_factory=dict)
    """How long that lasts from its beginning to its end, in seconds."""
    conformance_failed: Mapping[str, int] = field(default_factory=dict)
    """How many rules of the specification it does not keep."""
    controls_failed: Mapping[str, int] = field(default_factory=dict)
    """How many controls it fails."""


def health_families(now: HealthReadings) -> Iterator[Metric]:
    """Give the gauges."""
    for name, what, values in (
        ("up", "1: it answers checks, 0: it is down; left out while not known.", now.up),
        (
            "cert_not_after_seconds",
            "When its certificate ends, or the one above it that ends first.",
            now.certificates,
        ),
        (
            "cert_lifetime_seconds",
            "How long that certificate lasts in all, from its beginning to its end.",
            now.lifetimes,
        ),
        (
            "conformance_failed",
            "Rules of the specification it did not keep when it was last looked at.",
            now.conformance_failed,
        ),
        (
            "control_failed",
            "Controls it fails: questions whose answer is known; left out until one is answered.",
            now.controls_failed,
        ),
    ):
        family = GaugeMetricFamily(f"beacon_member_{name}", what, labels=["member"])
        for member, value in values.items():
            family.add_metric([member], float(value))
        yield family
