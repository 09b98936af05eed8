"""Members that say hostile things of themselves: every list of the network stays readable."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import ValidationError

from aggregator.watch.logos import LogoKeeper
from registry.models import MemberEntry, Organization
from registry.records import OPERATOR
from tests.faulty import Behaviour, FaultyMember, Wire, answer, json_answer
from tests.networks import BRAF, V2_INFO, Running, entry, network_of, scripted
from tests.official import official
from tests.pictures import png

ADDRESSES = (
    *("https://xn--a.org/", "https://xn--/", "https://h:99999/", "https://h:port/", "https://[::1"),
    *("https://[::1]bad/", "https://[zz]/", "https://[b9@]%é@", "https://℀.org/", "https:///x"),
    *("https://h\x00.org/", "https://a b.org/", "https://" + "a" * 300 + ".org/", "https://a..b/"),
    *("https://ex%zz.org/%", "HTTPS://XN--A.ORG", "//xn--a.org/", "mailto:", "mailto:[@]%zz"),
    *(
        "javascript:alert(1)",
        "data:,x",
        'https://h/"><script>',
        "https://h/" + "x" * 5_000,
        "",
        "é",
    ),
)
WORDS = "\u202e<script>alert(1)</script>\x00\x1b[31m{{7*7}}=cmd|'!A0\r\n" + "é" * 3_000
LISTS = (
    *("/services", "/services/types", "/service-info", "/members", "/members.json", "/members.csv"),
    *("/members?by=group", "/members?by=organization", "/info", "/api", "/api/", "/api/info"),
    *("/api/service-info", "/api/map", "/api/configuration", "/api/entry_types"),
    *("/api/filtering_terms", "/api/datasets", "/v1", "/v1/", "/", "/search?q=7-140753336-A-T"),
    *("/search.csv?q=7-140753336-A-T", "/search.txt?q=7-140753336-A-T", "/metrics", "/readyz"),
)
LAST = len(ADDRESSES) - 1
OF_ONE = ("/services/{}", "/members/{}", "/logo/{}", "/members/{}.json")


def told(address: Any, words: Any = WORDS) -> Any:
    """What a beacon says of itself where every address and word is this."""
    links = {"welcomeUrl": address, "contactUrl": address, "logoUrl": address, "url": address}
    organization = {"id": words, "name": words, "description": words, **links, "address": words}
    plain = ("name", "description", "version", "apiVersion", "environment", "updateDateTime")
    response = {**dict.fromkeys(plain, words), **links, "organization": organization, "id": words}
    items = [{"id": words, "name": words, "description": words, "externalUrl": address}]
    document = {**V2_INFO, "meta": {**V2_INFO["meta"], "beaconId": words}}
    return {**document, "response": {**response, "collections": items}}


def says(document: Any) -> Behaviour:
    """Say this under every path; each member of the host has its own under its own path."""

    async def behave(wire: Wire) -> None:
        assert wire.request is not None
        number = wire.request.target.strip("/").partition("/")[0]
        await json_answer(document(int(number)) if number.isdigit() else {})(wire)

    return behave


def is_declarable(address: str) -> bool:
    """Whether an operator can give it as an organization's."""
    organization = {"name": "Declared", "url": address}
    try:
        MemberEntry.model_validate(
            {"id": "a", "url": "https://a.org", "organization": organization}
        )
    except ValidationError:
        return False
    return address.startswith("https://")


@pytest.fixture
async def net() -> AsyncIterator[Running]:
    async with FaultyMember(scripted(info=says(lambda n: told(ADDRESSES[n])))) as host:
        members = [entry(f"{host.url}/{n}", f"m{n}") for n in range(len(ADDRESSES))]
        for number, address in enumerate(ADDRESSES):
            if is_declarable(address):
                links = {"url": address, "contact_url": address, "logo_url": address}
                declared = {"name": "Declared", **links}
                place = f"{host.url}/{number}/declared"
                members.append(entry(place, f"d{number}", organization=declared))
        async with network_of(members) as running:
            await running.known(*(f"m{n}" for n in range(len(ADDRESSES))))
            yield running


async def test_what_one_member_says_breaks_no_list(net: Running) -> None:
    ids = [one.id for one in net.network.holder.current.members]
    assert len(ids) > len(ADDRESSES)
    paths = [*LISTS, *(path.format(one) for one in ids for path in OF_ONE)]
    for path in paths:
        for accept in ("text/html", "application/json"):
            reply = await net.ask(path=path, headers={"Accept": accept})
            assert reply.status == 200, (path, accept, reply.text[:300])
            assert "<script>alert" not in reply.text or "html" not in reply.headers["Content-Type"]
    listed = (await net.ask(path="/services")).json
    assert [one["id"] for one in listed] == ids
    for one in listed:
        official.validate_registry(one, "service")
    assert (await net.ask(BRAF)).status == 200


async def test_no_page_links_to_what_is_no_address(net: Running) -> None:
    for number, address in enumerate(ADDRESSES[:10]):
        for one in (f"m{number}", f"d{number}"):
            if one in net.network.holder.current.by_id:
                page = (await net.ask(path=f"/members/{one}")).text
                assert f'href="{address}"' not in page


async def test_one_bad_logo_address_stops_no_other(net: Running) -> None:
    async with FaultyMember(answer(png())) as host:
        await net.network.around.logos.aclose()
        for number in range(3):
            logo = {"organization": {"name": "A", "logo_url": f"{host.url}/{number}.png"}}
            await net.network.registry.steward.edit(f"m{LAST - number}", logo, by=OPERATOR)
        store = net.network.registry.store
        organization = Organization(name="A", logo_url="https://h:99999/")  # as if it had been kept
        known = store.records["m2"].member.capabilities
        told = known.model_copy(update={"organization": organization})
        assert await store.learn_capabilities("m2", told)
        keeper = LogoKeeper(net.network.registry.store, net.network.client)
        assert await keeper.fetch_due() > 3
        assert await keeper.fetch_due() == 0

        assert all(keeper.has_logo(f"m{LAST - number}") for number in range(3))
        assert keeper._kept is not None
        assert "no address of the web" in keeper._kept["m2"].problem
        asked = [
            {name.lower(): value for name, value in one.headers.items()} for one in host.requests
        ]
        assert [one["accept"] for one in asked] == 3 * ["image/*"]
