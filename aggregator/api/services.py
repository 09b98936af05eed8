"""The GA4GH service registry of the members (service-registry 1.0.0), for programs.

`/service-info` says that this network is a `beacon-aggregator`, the word by which CSC's networks
and others of ours know one of their kind; what else is served at this address stands in
`info.network.serves`.
"""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Final

from aiohttp import web

from aggregator.api.compat_registry import CscRegistry
from aggregator.api.context import api_of
from aggregator.api.http import JSON, base_url
from aggregator.api.tagging import tagged
from aggregator.protocol.documents import encode
from aggregator.protocol.documents_info import service_info_document
from aggregator.protocol.identity import API_VERSION, V1_API_VERSION
from aggregator.protocol.info import CSC_ARTIFACT
from registry.models import Organization
from registry.service_registry import (
    GROUP,
    Home,
    Listing,
    ServiceFilter,
    find_service,
    service_document,
    service_type,
    service_types,
)
from registry.snapshot import RegisteredMember

_FRESH: Final = {"Cache-Control": "no-cache"}
"""Kept by whoever likes, and looked at again each time: a change is in force at once."""
MANY: Final = 200
"""Services above this many take long enough to write to be felt by questions."""


def add_routes(router: web.UrlDispatcher) -> None:
    """Add the paths, and those by which CSC's registry is written to."""
    router.add_get("/service-info", service_info)
    router.add_get("/services", services)
    router.add_get("/services/types", types)
    router.add_get("/services/{id}", service)
    CscRegistry().add_routes(router)


async def services(request: web.Request) -> web.Response:
    """List the members of the network as GA4GH services, of one `type` or `apiVersion` if asked."""
    home, members = _home(request), api_of(request).holder.current.members
    told = request.query
    wanted = ServiceFilter.read(
        told.getall("type", []), [*told.getall("apiVersion", []), *told.getall("version", [])]
    )
    listings = [
        _listing(request, member) for member in members if wanted.takes(service_type(member, home))
    ]
    write = partial(_written, listings, home, datetime.now(UTC))
    body = await asyncio.to_thread(write) if len(listings) > MANY else write()
    return tagged(request, body, JSON, headers=_FRESH)


async def service(request: web.Request) -> web.Response:
    """Describe one member as a GA4GH service, by its id here or one it gives itself."""
    api = api_of(request)
    member = find_service(
        api.holder.current.members,
        request.match_info["id"],
        network_id=api.identity.beacon_id,
    )
    document = service_document(_listing(request, member), _home(request), now=datetime.now(UTC))
    return tagged(request, encode(document), JSON, headers=_FRESH)


async def types(request: web.Request) -> web.Response:
    """List the types of services there are in the network."""
    members = api_of(request).holder.current.members
    return tagged(request, encode(service_types(members, _home(request))), JSON, headers=_FRESH)


async def service_info(request: web.Request) -> web.Response:
    """Describe this network as a GA4GH service: a registry and a network of beacons."""
    identity, base = api_of(request).identity, base_url(request)
    serves = (
        ("service-registry", "1.0.0", base),
        ("beacon", API_VERSION, f"{base}/api"),
        ("beacon", V1_API_VERSION, f"{base}/v1"),
        (CSC_ARTIFACT, V1_API_VERSION, base),
    )
    document = service_info_document(identity, base) | {
        "type": {"group": GROUP, "artifact": CSC_ARTIFACT, "version": V1_API_VERSION},
        "documentationUrl": f"{base}/docs",
        "info": {
            "network": {
                "serves": [
                    {
                        "type": {"group": GROUP, "artifact": artifact, "version": version},
                        "url": url,
                    }
                    for artifact, version, url in serves
                ]
            }
        },
    }
    return tagged(request, encode(document), JSON, headers=_FRESH)


def _home(request: web.Request) -> Home:
    identity = api_of(request).identity
    return Home(
        api_url=f"{base_url(request)}/api",
        api_version=API_VERSION,
        version=identity.version,
        environment=identity.environment,
        organization=Organization(
            name=identity.organization.name, url=identity.organization.url or base_url(request)
        ),
    )


def _listing(request: web.Request, member: RegisteredMember) -> Listing:
    """Join a member with what the registry has of it; what is newest known of it counts."""
    api = api_of(request)
    record = None if member.inside else api.registry.store.records.get(member.id)
    has_logo = api.logos.has_logo(member.id)
    return Listing(
        member if record is None else record.member,
        created_at=None if record is None else record.created_at,
        updated_at=None if record is None else record.updated_at,
        logo_url=f"{base_url(request)}/logo/{member.id}" if has_logo else None,
    )


def _written(listings: Iterable[Listing], home: Home, now: datetime) -> bytes:
    return encode([service_document(one, home, now=now) for one in listings])
