"""Start of a service process: settings, logging, signals, event loop."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Annotated, NoReturn, TypeVar

import msgspec
import uvloop

from shared.logs import LogFormat, LogLevel, configure, get_logger
from shared.settings import Env, SettingsError, load

T = TypeVar("T", bound=msgspec.Struct)


class LoggingSettings(msgspec.Struct, frozen=True):
    """Logging settings of every process."""

    level: Annotated[LogLevel, Env("LOG_LEVEL")] = "info"
    """Least severe level that is logged."""
    format: Annotated[LogFormat, Env("LOG_FORMAT")] = "json"
    """`json` for machines, `console` for people."""


# Net allocations between two runs of the cyclic garbage collector; a request briefly adds some dozens.
GC_THRESHOLD = 10_000
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
BAD_CONFIGURATION = 78  # EX_CONFIG of sysexits.h, so that a supervisor can tell it from a crash


def run(service: str, settings: type[T], main: Callable[[T, asyncio.Event], Awaitable[None]]) -> None:
    """Loads `settings` and runs `main(settings, stop)`; SIGTERM and SIGINT set `stop`.

    Exits with 78 for invalid settings, with 1 if `main` raises.
    """
    try:
        loaded = load(settings, os.environ)
        logging = load(LoggingSettings, os.environ)
    except SettingsError as error:
        _exit_with(service, error)
    configure(logging.level, logging.format, service)
    tune_garbage_collector()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_until_stopped(main, loaded))
    except SettingsError as error:
        _exit_with(service, error)
    except Exception:  # noqa: BLE001 - the last place to log the reason
        get_logger(__name__).exception("stopped by an error")
        raise SystemExit(1) from None
    finally:
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)


def tune_garbage_collector() -> None:
    """Excludes loaded modules from garbage collection and collects less often.

    Both took a fifth of the gateway's time.
    """
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 20, 20)


def _exit_with(service: str, error: SettingsError) -> NoReturn:
    sys.stderr.write(f"{service}: bad settings\n{error}\n")
    raise SystemExit(BAD_CONFIGURATION)


async def _until_stopped(main: Callable[[T, asyncio.Event], Awaitable[None]], settings: T) -> None:
    """Runs `main` with signal handlers that outlive the event loop.

    The loop's own handlers end with it; a second SIGTERM while the process exits would then kill it, and a
    clean exit would look like a crash.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def request_stop(_number: int, _frame: FrameType | None) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(stop.set)

    for number in STOP_SIGNALS:
        signal.signal(number, request_stop)
    await main(settings, stop)
