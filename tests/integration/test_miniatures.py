"""The miniature servers alone: each does with each form of question what its original does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from tests.miniatures import PI, BeaconPython, CgBeacon2, Miniature
from tests.miniatures.matrix import (
    ALLELE,
    MATRIX,
    POSITION,
    V2_SERVERS,
    Cell,
    Form,
    is_own_refusal,
    place,
    posted,
)


@asynccontextmanager
async def sending(server: Miniature, form: Form) -> AsyncIterator[aiohttp.ClientResponse]:
    async with server, aiohttp.ClientSession() as client:
        method = "GET" if form.body is None else "POST"
        url = server.url + form.path
        async with client.request(method, url, params=form.query, json=form.body) as response:
            yield response


def cells() -> list[Any]:
    made = []
    for name, row in MATRIX.items():
        for server, expected in row.cells.items():
            if expected is not None:
                case = f"{name} at {server}: {expected}"
                made.append(pytest.param(name, server, expected, id=case))
    return made


class TestMiniatures:
    @pytest.mark.parametrize(("name", "server", "expected"), cells())
    async def test_a_server_does_with_a_form_what_the_matrix_says(
        self, name: str, server: str, expected: Cell
    ):
        form = MATRIX[name].form(server)
        async with sending(V2_SERVERS[server](), form) as response:
            text = await response.text()
            if isinstance(expected, int):
                own = {"ri": 500, "bycon": 422}.get(server, expected)
                assert response.status == own
                assert is_own_refusal(server, response.status, response.content_type, text)
                return
            assert response.status == 200, text
            document = await response.json()
        assert document["responseSummary"]["exists"] is (expected != "empty")
        assert ("warnings" in document["meta"]) is (expected == "warned")

    @pytest.mark.parametrize("server", V2_SERVERS)
    async def test_an_allele_that_is_not_held_is_not_found(self, server: str):
        form = posted(server, {**ALLELE, **place(server), "alternateBases": "C"})
        async with sending(V2_SERVERS[server](), form) as response:
            assert (await response.json())["responseSummary"]["exists"] is False

    @pytest.mark.parametrize(("dataset", "expected"), [("tumours", True), ("families", False)])
    async def test_pi_takes_data_sets_by_a_name_of_its_own(self, dataset, expected):
        form = Form(query={**ALLELE, "start": str(POSITION), "datasets": dataset})
        async with sending(PI(), form) as response:
            assert (await response.json())["responseSummary"]["exists"] is expected

    @pytest.mark.parametrize("server", V2_SERVERS)
    async def test_what_is_no_endpoint_is_not_found(self, server: str):
        form = Form(query={}, path="/nosuch")
        async with sending(V2_SERVERS[server](), form) as response:
            assert response.status == 404
            if server == "sbeacon":
                assert await response.json() == {}
            elif server == "ri":
                assert await response.text() == "404: Not Found"

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({}, True),
            ({"alternateBases": "C"}, False),
            ({"referenceBases": "N"}, True),
            ({"assemblyId": "hg38"}, False),
            ({"assemblyId": "GRCh38.p13"}, False),
            ({"assemblyId": "grch38"}, 400),
            ({"referenceName": "chr7"}, 400),
            ({"alternateBases": "t"}, 400),
            ({"colour": "blue"}, 400),
            ({"datasetIds": ["nosuch"]}, False),
        ],
    )
    @pytest.mark.parametrize("method", ["GET", "POST"])
    async def test_beacon_python_takes_and_refuses_what_it_does(self, method, changes, expected):
        asked = {**ALLELE, "start": POSITION, **changes}
        await self.check_version_1(BeaconPython(), method, asked, expected)

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({}, True),
            ({"alternateBases": "C"}, False),
            ({"assemblyId": "GRCh37"}, False),
            ({"referenceName": "chr7"}, False),
            ({"colour": "blue"}, True),
            ({"start": "abc"}, 400),
            ({"datasetIds": ["nosuch"]}, 400),
            ({"datasetIds": ["tumours"]}, True),
        ],
    )
    @pytest.mark.parametrize("method", ["GET", "POST"])
    async def test_cgbeacon2_takes_and_refuses_what_it_does(self, method, changes, expected):
        asked = {**ALLELE, "start": POSITION, **changes}
        await self.check_version_1(CgBeacon2(), method, asked, expected)

    async def test_cgbeacon2_takes_a_posted_zero_for_absent(self):
        asked = {**ALLELE, "start": 0}
        await self.check_version_1(CgBeacon2(), "POST", asked, 400)
        await self.check_version_1(CgBeacon2(), "GET", asked, False)

    async def test_only_a_position_that_is_no_number_is_an_error_500_at_beacon_python(self):
        await self.check_version_1(BeaconPython(), "GET", {**ALLELE, "start": "abc"}, 500)

    async def check_version_1(
        self, server: Miniature, method: str, asked: dict[str, Any], expected: bool | int
    ) -> None:
        form = Form(body=asked, path="/query")
        if method == "GET":
            flat = {
                name: ",".join(v) if isinstance(v, list) else str(v) for name, v in asked.items()
            }
            form = Form(query=flat, path="/query")
        async with sending(server, form) as response:
            document = await response.json()
            if isinstance(expected, bool):
                assert (response.status, document["exists"]) == (200, expected)
            else:
                assert response.status == expected
                assert document.get("exists") is None
