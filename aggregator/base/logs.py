"""Structured logs: JSON for machines, lines for people, and never a question's content.

An exception is logged as where it happened and of which class, never with what it says: messages
quote the values they are about, and those are somebody's alleles.
"""

import logging
import sys
import traceback
from collections.abc import Iterator
from types import TracebackType

import structlog

from aggregator.base.sections import LogSettings


def configure(settings: LogSettings) -> None:
    """Set up logging for the process, ours and the libraries'."""
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    as_lines = settings.format == "console" or (settings.format == "auto" and sys.stderr.isatty())
    # Tracebacks with local variables, as structlog writes them by default where rich is
    # installed, would show questions and tokens, and take seconds to write.
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if as_lines
        else structlog.processors.JSONRenderer()
    )
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    shared.append(_tell_where)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # aiohttp's access log holds query strings, and so alleles
    logging.getLogger("aiohttp.access").disabled = True
    asyncio_log = logging.getLogger("asyncio")
    asyncio_log.removeFilter(_without_values)
    asyncio_log.addFilter(_without_values)


def where(error: BaseException) -> str:
    """Say where an exception and those behind it happened, without what they say."""
    return "\n".join(
        line for each in _chain(error) for line in (*_frames(each.__traceback__), _class(each))
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Give the exceptions that led to this one, the first first."""
    chain: list[BaseException] = []
    seen: BaseException | None = error
    while seen is not None and seen not in chain:
        chain.append(seen)
        behind = None if seen.__suppress_context__ else seen.__context__
        seen = seen.__cause__ or behind
    yield from reversed(chain)


def _frames(trace: TracebackType | None) -> Iterator[str]:
    for frame in traceback.extract_tb(trace, limit=-20):
        yield f"  {frame.filename}:{frame.lineno} in {frame.name}"


def _class(error: BaseException) -> str:
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    names = ", ".join(_class(each) for each in inner)
    return type(error).__qualname__ + (f" of {names}" if names else "")


def _tell_where(
    _: object, __: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    told = event.pop("exc_info", None)
    if told is True:
        told = sys.exc_info()
    error = told[1] if isinstance(told, tuple) else told
    if isinstance(error, BaseException):
        event["exception"] = where(error)
    return event


def _without_values(record: logging.LogRecord) -> bool:
    """Keep of asyncio's messages what comes before the objects they show."""
    record.msg = record.getMessage().partition("<")[0].partition("\n")[0].strip()
    record.args = ()
    return True
