"""The operator's limits of one conversion."""

from datetime import timedelta

import msgspec

from converter_service.media.ffmpeg.faults import too_long


class TranscodingLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of one conversion. `job_timeout` is wall clock time, `stall_timeout` time without any output."""

    max_duration: timedelta = timedelta(hours=12)
    job_timeout: timedelta = timedelta(hours=2)
    probe_timeout: timedelta = timedelta(minutes=1)
    stall_timeout: timedelta = timedelta(minutes=2)
    memory_bytes: int = 2 * 1024**3
    max_result_bytes: int = 8 * 1024**3

    @property
    def max_duration_s(self) -> float:
        return self.max_duration.total_seconds()

    def check_duration(self, seconds: float) -> None:
        """Raises MediaError for audio longer than `max_duration`."""
        if seconds > self.max_duration_s:
            raise too_long(self.max_duration_s)
