"""An opaque group is one member on every surface: nothing names or quotes one inside."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.hiding import GROUP, PLANTED, leaks, three_hidden
from tests.networks import BRAF, Running
from tests.official import V2Kind, official
from tests.pages import HTML, search

Json = Any
TEXT = "7-140753336-A-T"
SEARCH = {"q": TEXT, "assembly": "GRCh38"}
RECORDS = {**BRAF, "requestedGranularity": "record", "includeResultsetResponses": "ALL"}
V1 = {**BRAF, "includeDatasetResponses": "ALL"}
SURFACES: Mapping[str, tuple[str, Mapping[str, str], Mapping[str, str]]] = {
    "records": ("/api/g_variants", RECORDS, {}),
    "boolean": ("/api/g_variants", BRAF, {}),
    "count": ("/api/g_variants", {**BRAF, "requestedGranularity": "count"}, {}),
    "individuals": ("/api/individuals", {"filters": "HP:0000118"}, {}),
    "one record": ("/api/individuals/p1", {}, {}),
    "data sets": ("/api/datasets", {"requestedGranularity": "record"}, {}),
    "below a data set": ("/api/datasets/any/g_variants", BRAF, {}),
    "filters below": ("/api/individuals/filtering_terms", {}, {}),
    "v2 root": ("/api", {}, {}),
    "v2 info": ("/api/info", {}, {}),
    "info": ("/info", {}, {}),
    "map": ("/api/map", {}, {}),
    "configuration": ("/api/configuration", {}, {}),
    "entry types": ("/api/entry_types", {}, {}),
    "filters": ("/api/filtering_terms", {}, {}),
    "stream": ("/api/g_variants", RECORDS, {"Accept": "text/event-stream"}),
    "explain": ("/network/explain/g_variants", BRAF, {}),
    "v1": ("/v1/query", V1, {}),
    "v1 root": ("/v1/", {}, {}),
    "csc": ("/query", V1, {}),
    "home": ("/", {}, HTML),
    "search": ("/search", {**SEARCH, "wait": "2"}, HTML),
    "search events": ("/search/events", SEARCH, {}),
    "search json": ("/search.json", SEARCH, {}),
    "search csv": ("/search.csv", SEARCH, {}),
    "search text": ("/search.txt", SEARCH, {}),
    "metrics": ("/metrics", {}, {}),
    "ready": ("/readyz", {}, {}),
    "service info": ("/service-info", {}, {}),
    "services": ("/services", {}, {}),
    "service": ("/services/north", {}, {}),
    "members": ("/members", {}, HTML),
    "members json": ("/members.json", {}, {}),
    "members csv": ("/members.csv", {}, {}),
    "member": ("/members/north", {}, HTML),
    "member json": ("/members/north.json", {}, {}),
    "logo": ("/logo/north", {}, {}),
}
NAMELESS = {"filters below", "filters", "ready", "service info", "logo", "map", "one record"}
"""Surfaces that name no member at all, or only some."""
UNKNOWN = {"individuals", "one record"}
"""Questions that nobody answers here, so that the answer says who is missing."""


async def test_the_planted_words_are_told_where_nothing_is_opaque(tmp_path: Path) -> None:
    async with three_hidden(tmp_path, groups=[{**GROUP, "opaque": False}]) as net:
        reply = await net.ask(RECORDS)
        explained = await net.ask(BRAF, path="/network/explain/g_variants")
        assert leaks(reply.text + explained.text) == list(PLANTED)


@pytest.mark.parametrize("surface", SURFACES)
async def test_no_surface_tells_of_a_member_inside(surface: str, tmp_path: Path) -> None:
    path, parameters, headers = SURFACES[surface]
    async with three_hidden(tmp_path) as net:
        await net.ask(BRAF)
        reply = await net.ask(parameters, path=path, headers=headers)
        assert (reply.status in {501, 502}) == (surface in UNKNOWN), reply.text
        ports = [str(one.entry.url.split(":")[2].split("/")[0]) for one in hidden_of(net)]
        seen = reply.text + json.dumps(dict(reply.headers))
        assert leaks(seen) == []
        assert [port for port in ports[:3] if f":{port}" in seen] == []
        if surface not in NAMELESS:
            assert "north" in reply.text.lower()


def hidden_of(net: Running) -> list[Any]:
    return list(net.network.holder.current.by_id["north"].inside)


@pytest.mark.parametrize(
    "path",
    [
        "/members/{}",
        "/members/{}.json",
        "/services/{}",
        "/logo/{}",
        "/api/individuals/{}~p1",
        "/api/datasets/velvetset/filtering_terms",
        "/api/datasets/{}~velvetset/filtering_terms",
    ],
)
async def test_who_knows_a_name_inside_learns_no_more_than_with_any_other(
    path: str, tmp_path: Path
) -> None:
    async with three_hidden(tmp_path) as net:
        known = await net.ask(path=path.format("quellwater"))
        other = await net.ask(path=path.format("nobodyhere").replace("velvetset", "nosuchset"))
        told = known.text.replace("quellwater", "nobodyhere").replace("velvetset", "nosuchset")
        assert known.status == other.status
        assert without_times(told) == without_times(other.text)


@pytest.mark.parametrize(
    "control", [{"ask": "{}"}, {"group": "{}"}, {"datasetIds": "{}:velvetset"}]
)
async def test_nor_by_naming_it_in_a_question(control: Mapping[str, str], tmp_path: Path) -> None:
    async with three_hidden(tmp_path) as net:
        texts = []
        for name in ("quellwater", "nobodyhere"):
            named = {key: value.format(name) for key, value in control.items()}
            reply = await net.ask({**BRAF, **named})
            texts.append(without_times(reply.text.replace(name, "NAME")))
        assert texts[0] == texts[1]


def without_times(text: str) -> str:
    """Leave out what differs between any two answers."""
    try:
        document = json.loads(text)
    except ValueError:
        return text
    return json.dumps(_timeless(document))


def _timeless(value: Json) -> Json:
    if isinstance(value, dict):
        drop = {"elapsedMs", "ageS", "source", "attempts"}
        return {key: _timeless(one) for key, one in value.items() if key not in drop}
    return [_timeless(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("surface", "kind"),
    [
        ("records", "record"),
        ("boolean", "boolean"),
        ("count", "count"),
        ("one record", "error"),
        ("v2 info", "info"),
        ("map", "map"),
        ("configuration", "configuration"),
        ("entry types", "entry_types"),
        ("filters", "filtering_terms"),
    ],
)
async def test_what_is_said_of_a_group_has_the_official_form(
    surface: str, kind: V2Kind, tmp_path: Path
) -> None:
    path, parameters, headers = SURFACES[surface]
    async with three_hidden(tmp_path) as net:
        reply = await net.ask(parameters, path=path, headers=headers)
        official.validate_v2(reply.json, kind)


async def test_so_has_what_older_pages_read(tmp_path: Path) -> None:
    async with three_hidden(tmp_path) as net:
        official.validate_v1((await net.ask(path="/v1/")).json, "beacon")
        official.validate_v1((await net.ask(V1, path="/v1/query")).json, "response")
        official.validate_registry((await net.ask(path="/services")).json, "services")


async def test_the_v1_data_set_of_a_group_means_all_of_it(tmp_path: Path) -> None:
    async with three_hidden(tmp_path) as net:
        listed = [one["id"] for one in (await net.ask(path="/v1/")).json["datasets"]]
        (own,) = [one for one in listed if one == "north:GRCh38"]
        reply = await net.ask({**V1, "datasetIds": own}, path="/v1/query")
        rows = {one["datasetId"]: one for one in reply.json["datasetAlleleResponses"]}
        assert rows["north"]["exists"] is True


async def test_the_page_shows_one_row_and_says_who_is_missing(tmp_path: Path) -> None:
    async with three_hidden(tmp_path) as net:
        page = await search(net, TEXT)
        assert page.states == {"plain": "found", "north": "found"}
        assert "1 of 4 of its beacons did not answer" in page.rows["north"].text
        assert page.rows["north"].all("a") == []
