"""Joining as at CSC's registry: `POST`, `PUT` and `DELETE /services`, for its page and its members.

Software: https://github.com/CSCfi/beacon-network (registry). Its API key is an invitation of this
network, sent as `Authorization` without a scheme; its `Beacon-Service-Key` is the service key.
What differs: a beacon has to pass the check of this network and may have any id of its own; what
it says of itself is read again without being asked; another address waits for an operator; and
errors are documents of the GA4GH service registry, which its page shows as they are.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from aggregator.api.auth import SERVICE_KEY, bearer_of
from aggregator.api.context import api_of
from aggregator.api.http import base_url, read_body, respond
from aggregator.api.join_report import checked_report, failures
from aggregator.api.ratelimit import charge_change, charge_guess
from aggregator.api.taking_in import take_in
from aggregator.base.errors import (
    BadQuery,
    Forbidden,
    NotFound,
    Unauthorized,
)
from aggregator.engine.coalesce import Coalescer
from aggregator.watch.joining import CheckReport
from registry.keys import KeyKind
from registry.places import free_id
from registry.records import MemberRecord, MemberState
from registry.registration import checked_registration
from registry.service_registry import RESERVED, is_named

Document = dict[str, Any]

_ARTIFACTS: Final = frozenset({"beacon", "beacon-aggregator", "beacon-network"})
_TYPES: Final = "type: `beacon` or `beacon-aggregator`, also as `org.ga4gh:beacon`"
_ENDINGS: Final = ("/service-info", "/info")
"""What CSC's members add to their address: where they describe themselves."""
_HIDDEN: Final = {"Cache-Control": "no-store"}
_GONE: Final = frozenset({MemberState.REMOVED, MemberState.REJECTED})


class CscRegistry:
    """The paths by which members write to CSC's registry."""

    def __init__(self) -> None:
        self._running: Coalescer[Document] = Coalescer()

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add the paths."""
        router.add_post("/services", self.register)
        router.add_put("/services/{id}", update)
        router.add_delete("/services/{id}", remove)
        router.add_put("/services", without_id)
        router.add_delete("/services", without_id)
        router.add_get("/update/services", look_again)

    async def register(self, request: web.Request) -> web.Response:
        """Let a beacon join that has an invitation and passes the check."""
        if api_of(request).settings.registry.joining == "closed":
            raise Forbidden("This network takes no new beacons. Write to its operator.")
        key = bearer_of(request) or request.headers.get("Authorization", "").strip()
        url = _address(await read_body(request), () if key else (_key_missing(request),))
        same = hashlib.sha256(f"{key} {url}".encode()).hexdigest()
        # the page sends every click twice: both are answered with what the one registration gave
        place = self._running.join(same, lambda: _register(request, key, url))
        try:
            answer = await asyncio.shield(place.task)
        finally:
            if (left := place.leave()) is not None:
                await asyncio.gather(left, return_exceptions=True)
        where = {"Location": f"/services/{answer['serviceId']}"}
        return respond(answer, status=201, headers=_HIDDEN | where)


async def update(request: web.Request) -> web.Response:
    """Register another address of a beacon, by its service key; it waits for an operator."""
    record = await _own(request)
    url = _address(await read_body(request))
    changes = {"url": url}
    if url != record.entry.url:
        changes = {"url": (await _checked(request, url)).url}
    await charge_change(request)
    steward = api_of(request).registry.steward
    changed = await steward.propose(record.id, changes, by=f"member:{record.id}", at_once=False)
    if changed.proposed is not None and changed.proposed.url == changes["url"]:
        message = (
            "The new address waits for an operator of this network; until then the beacon is asked "
            "at the one it had."
        )
    elif changed.entry.url == record.entry.url:
        message = (
            "This is the address already. What the beacon says of itself is read again without "
            "being asked."
        )
    else:
        message = "The address has been changed."
    return respond(
        {
            "message": f"{message} The id and the Beacon-Service-Key remain the same.",
            "oldServiceId": record.id,
            "newServiceId": record.id,
            "help": _help(request),
        },
        headers=_HIDDEN,
    )


async def remove(request: web.Request) -> web.Response:
    """Take a beacon out of the network, by its service key."""
    record = await _own(request)
    await charge_change(request)
    await api_of(request).registry.steward.remove(record.id, by=f"member:{record.id}")
    return web.Response(text="The beacon has been removed from this network.\n", headers=_HIDDEN)


async def without_id(_request: web.Request) -> web.Response:
    """Refuse to change every service at once."""
    raise BadQuery(["Name the service: /services/ID, with the id that registering gave."])


async def look_again(_request: web.Request) -> web.Response:
    """Say that nobody has to ask this network to read its members' descriptions again."""
    raise NotFound(
        "Nothing has to be updated here: this network reads the descriptions of its members again "
        "every few minutes by itself (registry.info_s)."
    )


async def _register(request: web.Request, key: str, url: str) -> Document:
    api = api_of(request)
    if await api.registry.keyring.holder(key, KeyKind.INVITATION) is None:
        await charge_guess(request)
        raise Unauthorized(
            "The API key is no invitation of this network, or has been used up, revoked or has "
            "expired. Ask its operator for another, or ask to join without one at /join."
        )
    report = await _checked(request, url)
    steward = api.registry.steward
    registered = await steward.register(
        checked_registration({"id": await _free_id(request, report), "url": report.url}),
        by="stranger",
        invitation=key,
    )
    member_id = registered.record.id
    await take_in(api, registered.record, report)
    return {
        "message": (
            "The beacon has been registered. Its service id and service key, for changing and "
            "removing it, are in this answer and are shown this once: keep them safe."
        ),
        "serviceId": member_id,
        "serviceKey": registered.service_key,
        "help": _help(request),
    }


async def _checked(request: web.Request, url: str) -> CheckReport:
    """Check a beacon that may join; raises `BadQuery` with all that has to be fixed."""
    report = await checked_report(request, url, "")
    if not report.may_join:
        raise BadQuery(failures(report))
    return report


async def _free_id(request: web.Request, report: CheckReport) -> str:
    """Make the id here of what the beacon calls itself; nobody else has it."""
    registry = api_of(request).registry
    taken = {*RESERVED, *registry.store.groups}
    for record in await registry.steward.records():
        has_left = record.state is MemberState.REMOVED and record.left_by == f"member:{record.id}"
        if not has_left:
            taken.add(record.id)
    wanted = report.suggested["id"]
    return free_id(wanted, taken) if wanted in taken else wanted


async def _own(request: web.Request) -> MemberRecord:
    """Find the entry a service key opens, which has to be the one that is named."""
    service_id = request.match_info["id"]
    key = request.headers.get(SERVICE_KEY, "").strip()
    if not key:
        raise BadQuery([f"{SERVICE_KEY}: this header with the key of the service is missing"])
    api = api_of(request)
    held = await api.registry.keyring.holder(key, KeyKind.SERVICE)
    record = None if held is None else await api.registry.steward.record(held.owner)
    names_it = record is not None and is_named(
        record.member, service_id, network_id=api.identity.beacon_id
    )
    if record is None or not names_it:
        await charge_guess(request)
        raise Unauthorized(f"This service key does not open the entry of “{service_id[:80]}”.")
    if record.state in _GONE:
        raise NotFound(f"“{record.id}” is no member of this network any more.")
    return record


def _address(body: Mapping[str, Any], further: tuple[str, ...] = ()) -> str:
    """Read a registration and give the base of the beacon; raises `BadQuery`."""
    unknown = sorted(body.keys() - {"type", "url"})
    problems = [*further, *(f"{name[:80]}: unknown key" for name in unknown)]
    kind, url = body.get("type"), body.get("url")
    if not isinstance(kind, str) or not _is_beacon(kind):
        problems.append(_TYPES)
    if not isinstance(url, str) or not url.strip():
        problems.append("url: the address of the beacon, as https://beacon.example.org/")
        raise BadQuery(problems)
    address = url.strip().rstrip("/")
    ending = next((end for end in _ENDINGS if address.endswith(end)), "")
    address = address.removesuffix(ending)
    try:
        checked_registration({"id": "unnamed", "url": address})
    except BadQuery as error:
        problems += error.problems
    if problems:
        raise BadQuery(problems)
    return address


def _is_beacon(kind: str) -> bool:
    parts = kind.strip().lower().split(":")
    return len(parts) <= 3 and (parts[0] if len(parts) == 1 else parts[1]) in _ARTIFACTS


def _key_missing(request: web.Request) -> str:
    return (
        "Authorization: this header with an invitation key of this network is missing; without "
        f"one, ask to join at {base_url(request)}/join"
    )


def _help(request: web.Request) -> str:
    return f"{base_url(request)}/docs"
