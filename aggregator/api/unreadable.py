"""Requests that cannot be read as HTTP: a short answer and one line of the log, nothing of them.

They never reach a handler, and what aiohttp says of them quotes them: they may hold alleles.
"""

import asyncio
from typing import Final

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong

log = structlog.get_logger("aggregator.access")

MAX_LINE: Final = 8_190
"""The longest request line or header that is read, in bytes."""
_TOO_LONG: Final = (
    f"The address or a header of this request is longer than {MAX_LINE:,} bytes. Long questions "
    "can be sent with POST.\n"
)
_NO_HTTP: Final = "This cannot be read as an HTTP request. There is no TLS at this port.\n"


class Runner(web.AppRunner):
    """Run an application whose connections quote no request that they cannot read."""

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Server(
            made.request_handler,
            request_factory=made.request_factory,
            handler_cancellation=made.handler_cancellation,
        )


class _Server(web.Server):
    def __call__(self) -> web.RequestHandler:
        return _Connection(
            self,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type]  # none: we write our own
            max_line_size=MAX_LINE,
            max_field_size=MAX_LINE,
        )


class _Connection(web.RequestHandler):
    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what could not be read; other errors are those of the library."""
        if not isinstance(exc, HttpProcessingError):
            return super().handle_error(request, status, exc, message)
        is_long = isinstance(exc, LineTooLong)
        log.info("unreadable request", status=400, why="too long" if is_long else "no HTTP")
        answer = web.Response(
            status=400,
            text=_TOO_LONG if is_long else _NO_HTTP,
            headers={"Cache-Control": "no-store", "Server": "beacon-aggregator"},
        )
        answer.force_close()
        return answer
