"""A miniature of CSC's beacon-network: it passes a question on and gives back a list of answers.

Its habits, all seen in its code or on a running instance: one JSON array in no fixed order with
each beacon's raw answer, an object with `responseStatus` for another status than 200, and `null`
where a beacon did not answer with JSON; parameters go through a dictionary, so that the last of
repeated ones is kept and blank ones are lost; digits become numbers; `datasetIds` are split at
commas; POST to a beacon first and GET where it answers 405; lists of other aggregators are
flattened. It takes no POST itself.
"""

import asyncio
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
from aiohttp import web

from .asking import CLIENT, TIMEOUT_S, client
from .beacon import Server

_BEACONS: web.AppKey[tuple[str, ...]] = web.AppKey("beacons", tuple)


def csc_network(beacons: Sequence[str], *, timeout_s: float = TIMEOUT_S) -> Server:
    """Give an aggregator of these addresses of v1 beacons (`/query` is added)."""

    def application() -> web.Application:
        app = web.Application()
        app[_BEACONS] = tuple(beacons)
        app.cleanup_ctx.append(client(timeout_s))
        app.router.add_get("/", _name)
        app.router.add_get("/service-info", _service_info)
        app.router.add_get("/query", _query)
        return app

    return Server(
        application,
        base_path="",
        member={"name": "Demo: version 1 network", "protocol": "csc"},
    )


async def _name(_request: web.Request) -> web.Response:
    return web.Response(text="ELIXIR Beacon Aggregator")


async def _service_info(request: web.Request) -> web.Response:
    return web.json_response(
        {
            "id": ".".join(reversed(request.host.split("."))),
            "name": "Demo: version 1 network",
            "type": {"group": "org.ga4gh", "artifact": "beacon-aggregator", "version": "1.0.0"},
            "description": "Beacon Aggregator",
            "organization": {"name": "CSC", "url": "https://www.csc.fi/"},
            "environment": "test",
            "version": "1.6.6",
        }
    )


async def _query(request: web.Request) -> web.Response:
    asked = _parameters(request.query_string)
    answers = await asyncio.gather(
        *(
            _ask(request.app[CLIENT], f"{url}/query", asked, request.query_string)
            for url in request.app[_BEACONS]
        )
    )
    flat: list[Any] = []
    for one in answers:
        if isinstance(one, list):
            flat.extend(one)
        else:
            flat.append(one)
    return web.json_response(list(reversed(flat)))


def _parameters(query_string: str) -> dict[str, Any]:
    asked: dict[str, Any] = {
        name: int(value) if value.isdigit() and name != "referenceName" else value
        for name, value in dict(parse_qsl(query_string)).items()
    }
    if "datasetIds" in asked:
        asked["datasetIds"] = asked["datasetIds"].split(",")  # a number has no split: status 500
    return asked


async def _ask(
    client: aiohttp.ClientSession, url: str, asked: dict[str, Any], query_string: str
) -> Any:
    try:
        async with client.post(url, json=asked) as response:
            if response.status != 405:
                return await _read(response, url, query_string)
        async with client.get(f"{url}?{query_string}") as response:
            return await _read(response, url, query_string)
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return None


async def _read(response: aiohttp.ClientResponse, url: str, query_string: str) -> Any:
    if response.status == 200:
        return await response.json()
    return {
        "service": url,
        "queryParams": query_string,
        "responseStatus": response.status,
        "exists": None,
    }
