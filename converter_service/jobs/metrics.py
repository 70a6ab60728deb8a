"""Metrics of a worker: its slots, runs by outcome, phases, bytes, and the programs that it starts."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from converter_service.media.errors import Fault
from converter_service.media.transcoder import Output
from shared.metrics import LONG_BUCKETS

OUTCOMES = ("completed", "failed", "requeued", "handed_back", "discarded")
CAUSES = (
    "success",
    "error",
    "stopped",
    "machine",
    "crash",
    "killed",
    "processor_limit",
    "size_limit",
)
PHASES = ("fetch", "probe", "encode", "store", "record")


class JobMetrics:
    """One for each registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._runs = Counter("converter_runs", "Ended runs by outcome", ("outcome",), registry=registry)
        self._failures = Counter(
            "converter_failures", "Failed conversions by error code", ("code",), registry=registry
        )
        self._phase_seconds = Histogram(
            "converter_phase_seconds",
            "Duration of the phases of runs, of failed ones too",
            ("phase",),
            buckets=LONG_BUCKETS,
            registry=registry,
        )
        self._phase_errors = Counter(
            "converter_phase_errors",
            "Phases that ended a run without a result",
            ("phase",),
            registry=registry,
        )
        self._exits = Counter(
            "converter_program_exits",
            "Ends of the programs in the sandbox by cause",
            ("program", "cause"),
            registry=registry,
        )
        self._register_amounts(registry)
        self._register_slots(registry)
        for outcome in OUTCOMES:
            self._runs.labels(outcome)
        for code in Fault:
            self._failures.labels(code.value)
        for phase in PHASES:
            self._phase_errors.labels(phase)
            self._phase_seconds.labels(phase)
        for program in ("ffmpeg", "ffprobe"):
            for cause in CAUSES:
                self._exits.labels(program, cause)

    def _register_amounts(self, registry: CollectorRegistry) -> None:
        self._source_bytes = Counter(
            "converter_source_bytes", "Bytes of videos that were fetched", registry=registry
        )
        self._result_bytes = Counter(
            "converter_result_bytes", "Bytes of audio that were stored", registry=registry
        )
        self._media_seconds = Counter(
            "converter_media_seconds", "Duration of the audio that was made", registry=registry
        )
        self._processor_seconds = Counter(
            "converter_processor_seconds", "Processor time of the programs of all runs", registry=registry
        )

    def _register_slots(self, registry: CollectorRegistry) -> None:
        self._slots = Gauge("converter_slots", "Conversions that may run at once", registry=registry)
        self._slots_in_use = Gauge("converter_slots_in_use", "Running conversions", registry=registry)
        self._lease_age = Gauge(
            "converter_lease_age_seconds",
            "Time since the longest ago renewal of a lease that this worker holds, or 0",
            registry=registry,
        )
        self._lease = Gauge("converter_lease_seconds", "Duration of a lease", registry=registry)

    def configure(self, slots: int, lease_s: float, lease_age_s: Callable[[], float]) -> None:
        """Sets what the worker's settings say; `lease_age_s` is called for each scrape."""
        self._slots.set(slots)
        self._lease.set(lease_s)
        self._lease_age.set_function(lease_age_s)

    @contextmanager
    def run(self) -> Iterator[None]:
        """Counts a slot as used during the block."""
        with self._slots_in_use.track_inprogress():
            yield

    @contextmanager
    def phase(self, phase: str) -> Iterator[None]:
        """Measures one of PHASES; an exception, a cancellation included, counts as its error."""
        began = time.monotonic()
        try:
            yield
        except BaseException:
            self._phase_errors.labels(phase).inc()
            raise
        finally:
            self._phase_seconds.labels(phase).observe(time.monotonic() - began)

    def count_run(self, outcome: str) -> None:
        """Counts the end of a run, one of OUTCOMES."""
        self._runs.labels(outcome).inc()

    def count_failure(self, code: str) -> None:
        """Counts a conversion that failed for good."""
        self._failures.labels(code).inc()

    def count_source(self, size_bytes: int) -> None:
        self._source_bytes.inc(size_bytes)

    def count_result(self, output: Output) -> None:
        self._result_bytes.inc(output.size_bytes)
        if math.isfinite(output.duration_s) and output.duration_s > 0:
            self._media_seconds.inc(output.duration_s)

    def count_processor_time(self, seconds: float) -> None:
        self._processor_seconds.inc(max(seconds, 0.0))

    def count_exit(self, program: str, cause: str) -> None:
        """Counts a program's end; both values are from bounded sets (`media/ffmpeg/exit_causes.py`)."""
        self._exits.labels(program, cause).inc()
