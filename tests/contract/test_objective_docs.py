"""The documentation says what the objectives of a member mean, and pages lead there."""

import re
from pathlib import Path

from aggregator.api.openapi_health import MEMBER_HEALTH
from registry.objectives import ObjectiveName

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_every_name_is_explained() -> None:
    page = (DOCS / "operating.md").read_text("utf-8")
    (section,) = re.findall(r"^## Objectives\n(.*?)^## ", page, re.M | re.S)
    told = MEMBER_HEALTH["properties"]["objectives"]["items"]["properties"]
    for name in {*told, *(each.value for each in ObjectiveName)}:
        assert f"`{name}`" in section or name == "target", name
    for word in ("99.5 %", "30 s", "UTC", "216 minutes"):
        assert word in section


def test_the_api_leads_to_what_it_names() -> None:
    page = (DOCS / "api.md").read_text("utf-8")
    assert "](operating.md#objectives)" in page
    assert "](operating.md#controls)" in page
    assert "](operating.md)" not in page
