"""Structured logs on stdout, one line per event, with a correlation id across services."""

import contextlib
import logging
import re
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Literal

import structlog
from structlog.stdlib import BoundLogger
from structlog.typing import EventDict, Processor, WrappedLogger

LogFormat = Literal["json", "console"]
LogLevel = Literal["debug", "info", "warning", "error"]

correlation_id: ContextVar[str] = ContextVar("correlation_id", default="")
subject: ContextVar[str] = ContextVar("subject", default="")

# Control characters can forge a log line or drive a terminal (CWE-117). JSON escapes them, consoles do not.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@contextlib.contextmanager
def bind_correlation(value: str, about: str = "") -> Iterator[None]:
    """Sets the correlation id of log lines and published events in the block to `value`.

    `about` is the `subject` of the log lines, the id of a conversion for instance.
    """
    tokens = correlation_id.set(value), subject.set(about)
    try:
        yield
    finally:
        correlation_id.reset(tokens[0])
        subject.reset(tokens[1])


def get_logger(name: str) -> BoundLogger:
    """The logger of a module."""
    logger: BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def configure(level: LogLevel, log_format: LogFormat, service: str) -> None:
    """Configures all logging of the process, also of libraries. Called once, in `__main__`."""

    def add_context(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["service"] = service
        if current := correlation_id.get():
            event.setdefault("correlation_id", current)
        if about := subject.get():
            event.setdefault("subject", about)
        return event

    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_context,
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_rendering(log_format))
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for verbose in ("pymongo", "sqlalchemy", "alembic", "_granian", "granian", "asyncio"):
        logging.getLogger(verbose).setLevel(max(logging.WARNING, root.level))
    for redundant in ("aio_pika", "aiormq"):
        # The RabbitMQ adapter logs failed connections itself.
        logging.getLogger(redundant).setLevel(logging.CRITICAL)


def _rendering(log_format: LogFormat) -> list[Processor]:
    strip = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if log_format == "console":
        # Plain tracebacks: structlog's default prints local variables, which may hold secrets.
        plain = structlog.dev.plain_traceback
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), exception_formatter=plain)
        return [strip, _printable, renderer]
    return [strip, structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=True)]


def _printable(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return {
        key: CONTROL.sub("\ufffd", value) if isinstance(value, str) else value for key, value in event.items()
    }
