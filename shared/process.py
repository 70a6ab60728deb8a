"""From a command line to a running service: settings, logs, signals, one event loop."""

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
    """What every process reads about its logs."""

    level: Annotated[LogLevel, Env("LOG_LEVEL")] = "info"
    format: Annotated[LogFormat, Env("LOG_FORMAT")] = "json"


# Objects made and not yet dropped between two looks for cycles; a request leaves some dozens for a moment.
COLLECT_AFTER = 10_000
STOPPING = (signal.SIGTERM, signal.SIGINT)
BAD_CONFIGURATION = 78  # EX_CONFIG of sysexits.h: a supervisor can tell it from a crash


def run(service: str, settings: type[T], main: Callable[[T, asyncio.Event], Awaitable[None]]) -> None:
    """Reads `settings`, then runs `main(settings, stop)`; SIGTERM and SIGINT set `stop`.

    Exits with 78 when the settings are wrong, with 1 when `main` raises.
    """
    try:
        loaded = load(settings, os.environ)
        logging = load(LoggingSettings, os.environ)
    except SettingsError as wrong:
        _refuse(service, wrong)
    configure(logging.level, logging.format, service)
    tune_garbage_collector()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_until_stopped(main, loaded))
    except SettingsError as wrong:
        _refuse(service, wrong)
    except Exception:  # noqa: BLE001 - the last place that can still tell why
        get_logger(__name__).exception("stopped by an error")
        raise SystemExit(1) from None
    finally:
        _ignore_further_signals()


def tune_garbage_collector() -> None:
    """Modules and classes stay for good: the collector of cycles need not look at them again, nor look every
    few requests at what is dropped a moment later. Both took a fifth of the gateway's time.
    """
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 20, 20)


def _refuse(service: str, wrong: SettingsError) -> NoReturn:
    sys.stderr.write(f"{service}: bad settings\n{wrong}\n")
    raise SystemExit(BAD_CONFIGURATION)


async def _until_stopped(main: Callable[[T, asyncio.Event], Awaitable[None]], settings: T) -> None:
    """The loop's own handlers would go with the loop, and a second SIGTERM, as the process ends, would then
    kill it: what ended well would look like what did not.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def ask(_number: int, _frame: FrameType | None) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(stop.set)

    for number in STOPPING:
        signal.signal(number, ask)
    await main(settings, stop)


def _ignore_further_signals() -> None:
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)
