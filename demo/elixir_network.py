"""A miniature of the ELIXIR beacon network: version 2, result sets of many beacons in one answer.

Its habits, all from its code: the query string and the body go to every beacon verbatim;
`beaconId` is added to each result set; an answer of yes or no or of counts becomes a result set
without `id` and `setType`; a beacon that failed is listed as `exists: false` with `info.error`;
the whole says yes only where some `numTotalResults` is above 0 — a hit without a count is lost.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import aiohttp
from aiohttp import web

from .asking import CLIENT, TIMEOUT_S, client
from .beacon import Server

BEACON_ID = "org.example.demo-elixir-network"

_BEACONS: web.AppKey[dict[str, str]] = web.AppKey("beacons", dict)
_API_VERSION = "v2.0.0"


def elixir_network(beacons: Mapping[str, str], *, timeout_s: float = TIMEOUT_S) -> Server:
    """Give a network of these beacons: beaconId to address."""

    def application() -> web.Application:
        app = web.Application()
        app[_BEACONS] = dict(beacons)
        app.cleanup_ctx.append(client(timeout_s))
        root = "/beacon-network/v2.0.0"
        app.router.add_get(root, _info)
        app.router.add_get(f"{root}/info", _info)
        app.router.add_route("*", f"{root}/{{rest:.+}}", _aggregate)
        return app

    return Server(
        application,
        base_path="/beacon-network/v2.0.0",
        member={"name": "Demo: version 2 network", "protocol": "v2"},
    )


async def _info(_request: web.Request) -> web.Response:
    return web.json_response(
        {
            "meta": {"beaconId": BEACON_ID, "apiVersion": _API_VERSION, "isAggregated": True},
            "response": {
                "id": BEACON_ID,
                "name": "Demo: version 2 network",
                "apiVersion": _API_VERSION,
                "environment": "test",
                "organization": {"id": "elixir", "name": "ELIXIR"},
            },
        }
    )


async def _aggregate(request: web.Request) -> web.Response:
    if request.match_info["rest"] != "g_variants":
        raise web.HTTPNotFound
    body = await request.read() or None
    beacons = request.app[_BEACONS]
    answers = await asyncio.gather(
        *(_ask(request, f"{url}/g_variants", body) for url in beacons.values())
    )
    sets = [
        one
        for beacon_id, answer in zip(beacons, answers, strict=True)
        for one in _sets(beacon_id, answer)
    ]
    total = sum(_total(answer) for answer in answers)
    return web.json_response(
        {
            "meta": {
                "beaconId": BEACON_ID,
                "apiVersion": _API_VERSION,
                "isAggregated": True,
                "returnedGranularity": "record",
                "returnedSchemas": [{"entityType": "genomicVariant", "schema": ""}],
                "receivedRequestSummary": {},
            },
            "responseSummary": {"exists": total > 0, "numTotalResults": total},
            "response": {"resultSets": sets},
        }
    )


async def _ask(request: web.Request, url: str, body: bytes | None) -> Any:
    try:
        async with request.app[CLIENT].request(
            request.method,
            f"{url}?{request.query_string}" if request.query_string else url,
            data=body,
            headers={"Content-Type": "application/json"} if body else None,
        ) as response:
            return await response.json()
    except aiohttp.ContentTypeError as error:
        return _failed(error.status, "no JSON")
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        return _failed(408, type(error).__name__)


def _failed(status: int, message: str) -> dict[str, Any]:
    return {"error": {"errorCode": status, "errorMessage": message}}


def _total(answer: Mapping[str, Any]) -> int:
    return int((answer.get("responseSummary") or {}).get("numTotalResults") or 0)


def _sets(beacon_id: str, answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    if "error" in answer:
        return [{"beaconId": beacon_id, "exists": False, "info": {"error": answer["error"]}}]
    told = (answer.get("response") or {}).get("resultSets")
    if isinstance(told, list):
        return [{"beaconId": beacon_id, **one} for one in told]
    summary = answer.get("responseSummary") or {}
    return [
        {
            "beaconId": beacon_id,
            "exists": bool(summary.get("exists")),
            "resultsCount": summary.get("numTotalResults"),
            "results": [],
        }
    ]
