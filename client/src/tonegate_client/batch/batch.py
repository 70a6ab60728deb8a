"""Converts many files, several at once; memory does not grow with their number."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from tonegate_client.batch.sources import Source
from tonegate_client.batch.targets import TargetExists, Targets
from tonegate_client.client import Client
from tonegate_client.file_conversion import FileConversion, Observer, identity_of
from tonegate_client.models import Conversion, Options
from tonegate_client.problems import NotSignedIn, ServerUnreachable, TonegateError
from tonegate_client.sound.copies import SoundCopies
from tonegate_client.source_file import source_file
from tonegate_client.state.file_lock import LockTaken, NamedLocks
from tonegate_client.state.jobs import JobStore


@dataclass(frozen=True)
class Outcome:
    """What became of a source. One of `conversion` (done now), `skipped` (a reason) and `error` is set."""

    source: Source
    target: Path | None = None
    conversion: Conversion | None = None
    skipped: str = ""
    error: Exception | None = None
    whole_reason: str = ""
    """Why the whole video was sent, although only the sound was wanted."""


CONVERTED_BEFORE = "converted before"

Observe = Callable[[Source], contextlib.AbstractContextManager[Observer]]
"""Opens the observer of one file."""


class Batch:
    """`once_only` skips files whose audio was written once, wherever it is now. With `sound`, only the sound
    is sent where that gives the same result.
    """

    def __init__(
        self,
        client: Client,
        jobs: JobStore,
        targets: Targets,
        options: Options,
        locks: NamedLocks,
        *,
        once_only: bool = False,
        sound: SoundCopies | None = None,
    ) -> None:
        self._client = client
        self._jobs = jobs
        self._targets = targets
        self._options = options
        self._locks = locks
        self._once_only = once_only
        self._sound = sound

    async def run(
        self, sources: Iterator[Source], at_once: int, observe: Observe, report: Callable[[Outcome], None]
    ) -> None:
        """Converts all sources and reports each. Raises NotSignedIn and ServerUnreachable, which concern
        all of them.
        """
        workers = [asyncio.create_task(self._work(sources, observe, report)) for _ in range(max(1, at_once))]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _work(
        self, sources: Iterator[Source], observe: Observe, report: Callable[[Outcome], None]
    ) -> None:
        for source in sources:
            outcome = await self.convert(source, observe)
            report(outcome)
            if isinstance(outcome.error, NotSignedIn | ServerUnreachable):
                raise outcome.error
            await asyncio.sleep(0)

    async def convert(self, source: Source, observe: Observe) -> Outcome:
        try:
            return await self._convert(source, observe)
        except TargetExists as error:
            return Outcome(source, target=error.path, skipped="a file of this name is there")
        except LockTaken:
            return Outcome(source, skipped="it is being converted already")
        except (TonegateError, OSError, httpx.HTTPError, sqlite3.Error) as error:
            return Outcome(source, error=error)

    async def _convert(self, source: Source, observe: Observe) -> Outcome:
        file = source_file(source.path)
        identity = identity_of(file, self._options, self._client)
        with self._locks.hold(identity):
            if self._once_only and self._jobs.was_delivered(identity):
                return Outcome(source, skipped=CONVERTED_BEFORE)
            target = self._targets.choose(source, file.path, identity, self._options.format)
            known = self._jobs.result_at(target)
            if known is not None and known.is_there:
                return Outcome(source, target=target, skipped=CONVERTED_BEFORE)
            target.parent.mkdir(parents=True, exist_ok=True)
            with observe(source) as observer:
                converter = FileConversion(self._client, self._jobs, observer, self._sound)
                conversion = await converter.finish(identity, file, target, self._options)
            if conversion.result is not None:
                self._jobs.deliver(target, conversion.result.size)
            return Outcome(source, target=target, conversion=conversion, whole_reason=converter.whole_reason)
