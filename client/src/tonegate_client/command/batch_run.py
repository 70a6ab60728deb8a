"""A batch of conversions with its display, state and exit code."""

import contextlib
import time
from collections import Counter
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import httpx

from tonegate_client.batch.batch import CONVERTED_BEFORE, Batch, Outcome
from tonegate_client.batch.sources import Source
from tonegate_client.batch.targets import Targets
from tonegate_client.command.errors import describe
from tonegate_client.command.exit_codes import ExitCode
from tonegate_client.command.output import error_record, to_json
from tonegate_client.command.progress import open_display
from tonegate_client.command.session import Session
from tonegate_client.command.text import plain
from tonegate_client.models import Options
from tonegate_client.problems import (
    DigestMismatch,
    NotSignedIn,
    Problem,
    ServerUnreachable,
    SourceChanged,
)
from tonegate_client.retry_policy import RetryPolicy
from tonegate_client.sound.copies import SoundCopies, find_engine, remove_leftovers
from tonegate_client.state.file_lock import NamedLocks
from tonegate_client.state.folders import state_folder
from tonegate_client.state.jobs import JobStore

KINDS = ("converted", CONVERTED_BEFORE, "skipped", "failed")
PASSING_STATUSES = frozenset({408, 409, 423, 429, 500, 502, 503, 504})
# Shorter waits are not reported.
TOLD_S = 4.0
# Outlasts a restart of the server, and a rate limit by the hour.
PATIENT = RetryPolicy(attempts=10, longest_wait_s=3_700.0)


class BatchRun:
    """Opens the stored state; use it as a context manager."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._display = open_display(as_json=session.output.as_json)
        self._counts = Counter[str]()
        self._told_until_s = 0.0
        self.unfinished: list[Source] = []
        """Files of the latest `convert` that failed for a reason which may pass."""

    def __enter__(self) -> "BatchRun":
        with contextlib.ExitStack() as stack:
            folder = state_folder()
            self.jobs = stack.enter_context(contextlib.closing(JobStore(folder / "jobs.sqlite3")))
            self._locks = stack.enter_context(contextlib.closing(NamedLocks(folder / "jobs.lock")))
            self._sound_folder = folder / "sound"
            remove_leftovers(self._sound_folder, self._locks)
            stack.enter_context(self._display)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    async def convert(
        self,
        sources: Iterator[Source],
        targets: Targets,
        options: Options,
        *,
        at_once: int,
        once_only: bool = False,
        only_sound: bool = False,
    ) -> ExitCode:
        """Converts the sources and reports each. Raises NotSignedIn and ServerUnreachable."""
        self.unfinished = []
        async with self._session.open_client(PATIENT, self._tell_wait) as client:
            if client.store.load() is None:
                raise NotSignedIn(f"You are not signed in to {self._session.server}.")
            sound = SoundCopies(find_engine(), self._sound_folder) if only_sound else None
            batch = Batch(client, self.jobs, targets, options, self._locks, once_only=once_only, sound=sound)
            await batch.run(sources, at_once, self._display.observe, self._report)
        return ExitCode.FAILED if self._counts["failed"] else ExitCode.DONE

    def summarize(self) -> None:
        """Writes how many files were converted, skipped and failed, for people."""
        parts = [f"{self._counts[kind]} {kind}" for kind in KINDS if self._counts[kind]]
        if not self._session.output.as_json:
            self._display.write(
                f"{', '.join(parts) or 'no videos found'}".capitalize() + ".", is_result=False
            )

    def _tell_wait(self, pause_s: float, error: Exception) -> None:
        """Tells people of a long wait, once for all files that wait at the same time."""
        until_s = time.monotonic() + pause_s
        if pause_s >= TOLD_S and until_s > self._told_until_s + TOLD_S and not self._session.output.as_json:
            self._told_until_s = until_s
            reason = str(error) if isinstance(error, Problem) else "The server does not answer."
            self._display.write(plain(f"{reason} Waiting {pause_s:.0f} s."), is_result=False)

    def _report(self, outcome: Outcome) -> None:
        if isinstance(outcome.error, NotSignedIn | ServerUnreachable):
            return  # concerns all files, and is reported once, at the end
        self._counts[kind_of(outcome)] += 1
        if may_pass(outcome.error):
            self.unfinished.append(outcome.source)
        if self._session.output.as_json:
            self._display.write(to_json(record_of(outcome)), is_result=True)
            return
        name = plain(str(outcome.source.path))
        if outcome.error is not None:
            self._display.write(f"{name}: {plain(describe(outcome.error).text)}", is_result=False)
        elif outcome.conversion is not None:
            if outcome.whole_reason:
                self._display.write(
                    f"{name}: sent whole, because {plain(outcome.whole_reason)}", is_result=False
                )
            self._display.write(plain(str(outcome.target)), is_result=True)
        elif outcome.skipped != CONVERTED_BEFORE:
            where = f" ({plain(str(outcome.target))})" if outcome.target else ""
            self._display.write(f"{name}: skipped, {outcome.skipped}{where}", is_result=False)


def may_pass(error: Exception | None) -> bool:
    """True if the same file may succeed later without a change."""
    if isinstance(error, Problem):
        return error.status in PASSING_STATUSES
    return isinstance(error, OSError | SourceChanged | DigestMismatch | httpx.HTTPError)


def kind_of(outcome: Outcome) -> str:
    if outcome.error is not None:
        return "failed"
    if outcome.conversion is not None:
        return "converted"
    return CONVERTED_BEFORE if outcome.skipped == CONVERTED_BEFORE else "skipped"


def record_of(outcome: Outcome) -> dict[str, Any]:
    """The line of JSON about one file."""
    record: dict[str, Any] = {"source": str(outcome.source.path), "status": "completed"}
    if outcome.target is not None:
        record["target"] = str(outcome.target)
    if outcome.conversion is not None:
        record["conversion"] = outcome.conversion
        if outcome.whole_reason:
            record["sent_whole"] = outcome.whole_reason
    elif outcome.error is not None:
        record |= {"status": "failed", "error": error_record(describe(outcome.error))}
    else:
        record |= {"status": "skipped", "reason": outcome.skipped}
    return record
