"""Ends a run that uses far more processor time than expected, once its account has none left."""

import asyncio
import contextlib
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Never, TypeVar

from converter_service.conversions.lease_renewal import run_while_renewing
from converter_service.conversions.processor_quota import ProcessorQuota, ProcessorTimeUsedUp
from converter_service.jobs.context import RunContext
from converter_service.media.errors import Fault, MediaError
from converter_service.media.processor_time import ProcessorTime
from shared.errors import Unavailable

T = TypeVar("T")
PERIOD_S = 2.0


@dataclass(frozen=True, slots=True)
class ProcessorWatch:
    quota: ProcessorQuota

    async def bound(self, run: RunContext, used: ProcessorTime, work: Coroutine[object, object, T]) -> T:
        """Returns the result of `work`. Raises MediaError `too_long`, with `work` cancelled."""
        return await run_while_renewing(work, self._watch(run, used))

    async def _watch(self, run: RunContext, used: ProcessorTime) -> Never:
        """While the store is unavailable the run continues."""
        owner_id = run.conversion.owner_id
        while True:
            await asyncio.sleep(PERIOD_S)
            try:
                with contextlib.suppress(Unavailable):
                    await self.quota.check_running(
                        owner_id, run.token, expected_s=run.expected_processor_s, used_s=used.seconds
                    )
            except ProcessorTimeUsedUp as error:
                raise MediaError(Fault.TOO_LONG, str(error)) from error
