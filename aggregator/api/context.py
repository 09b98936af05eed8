"""What every handler needs, handed over once by `app`."""

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web
from jinja2 import Environment

from aggregator.base.settings import Settings
from aggregator.engine.service import NetworkService
from aggregator.model.question import ReferenceSequence
from aggregator.protocol.identity import Identity
from registry.snapshot import SnapshotHolder


@dataclass(frozen=True, slots=True)
class Api:
    """The services behind the handlers."""

    settings: Settings
    identity: Identity
    service: NetworkService
    holder: SnapshotHolder
    pages: Environment
    is_ready: Callable[[], bool]
    reference: ReferenceSequence | None = None


API: web.AppKey[Api] = web.AppKey("api", Api)


def api_of(request: web.Request) -> Api:
    """Find the services of a request."""
    return request.app[API]
