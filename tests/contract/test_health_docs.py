"""What people are told of health where they look: the first page, for maintainers, operators."""

import re
from collections.abc import Mapping

import pytest

from aggregator.api.openapi_badges import BADGES, FEEDS
from aggregator.api.openapi_health import HEALTH
from aggregator.app import web_application
from registry.health_tables import METADATA
from tests.contract.test_docs import ROOT, section, text
from tests.networks import network_of, nothing_left

__all__ = ["nothing_left"]

STORED: Mapping[str, tuple[str, ...]] = {
    "health_standings": ("the last 50 checks of each",),
    "health_checks": ("the last 50 checks of each",),
    "health_buckets": ("of minutes for a day", "of half hours for 8 days", "of days for 400"),
    "health_writers": (),
    "health_incidents": ("incidents with your notes", "for 400 days"),
    "health_events": ("what feeds and alerts tell",),
    "health_facts": ("certificates, controls: what was found last",),
    "conformance_runs": ("the last 120 of each member",),
    "alert_targets": ("whom alerts go to",),
    "alert_deliveries": ("what was sent there",),
    "alert_addresses": ("of mail addresses that were asked also a digest",),
    **dict.fromkeys(("registry_state", "registry_facts", "members", "member_groups", "leases"), ()),
    **dict.fromkeys(("access_keys", "spent_forms", "audit_log", "followed_registries"), ()),
    "learned": ("learned dialects",),
    "logos": (),
}
"""What "Files" says of each table; nothing of those of the registry that were there before."""


def test_the_files_of_an_operator_say_what_every_table_holds() -> None:
    files = section(text("docs/operating.md"), "## Files")
    assert STORED.keys() == METADATA.tables.keys()
    for table, words in STORED.items():
        for each in words:
            assert each in files, table


def test_who_keeps_a_copy_is_told_what_in_it_is_secret() -> None:
    backup = " ".join(section(text("docs/operating.md"), "### Backup").split())
    for words in ("in clear the mail addresses of people", "webhooks", "sign alerts"):
        assert words in backup


def test_the_first_page_names_what_there_is() -> None:
    table = section(text("README.md"), "## Endpoints")
    named = set(re.findall(r"`(/[^`]*)`", table))
    of_health = {path.removesuffix(".json") for path in (*HEALTH, *BADGES, *FEEDS)}
    for path in of_health:
        if path.startswith(("/manage", "/admin")) or path.endswith((".csv", ".txt")):
            continue
        shown = path.replace("{name}", "health")
        assert named & {shown, f"{shown}.svg"}, path
    more = section(text("README.md"), "## More")
    for page in (ROOT / "docs").glob("*.md"):
        assert f"(docs/{page.name})" in more


@pytest.mark.parametrize(
    "path",
    [
        *("/health/ID", "/health/ID.json", "/health/ID.csv", "/health/ID/conformance"),
        *("/members/ID/badge/health.svg", "/members/ID/feed.atom"),
        *("/manage/ID/alerts", "/manage/ID/health", "/manage/ID/conformance"),
    ],
)
def test_a_maintainer_is_told_where_the_health_of_a_beacon_is(path: str) -> None:
    assert f"`{path}`" in section(text("docs/joining.md"), "## Your beacon's health")


async def test_operators_are_told_of_every_call(nothing_left: None) -> None:
    table = section(text("docs/administration.md"), "## The API")
    rows = re.findall(r"^\| (`[^|]+`) ?[^|]*\|", table, re.M)
    async with network_of([]) as net:
        for route in web_application(net.network).router.routes():
            path = route.resource.canonical if route.resource else ""
            name = path.removeprefix("/admin/api/")
            if name == path or name.startswith("alerts") or route.method == "HEAD":
                continue  # docs/alerts.md tells of those
            told = [row for row in rows if f" {name}`" in row and f"`{route.method}" in row]
            assert told, (route.method, name)
