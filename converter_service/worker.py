"""Composition root of the worker process."""

import os
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

from litestar import Litestar
from msgspec.structs import replace
from prometheus_client import CollectorRegistry

from converter_service.conversions.identifiers import new_id
from converter_service.handlers import account_handlers, cancellation_listener, conversion_handlers
from converter_service.infrastructure import BackgroundTask, Infrastructure, stop_all
from converter_service.jobs.context import JobLimits
from converter_service.jobs.job import Job
from converter_service.jobs.metrics import JobMetrics
from converter_service.jobs.processors import usable_processors
from converter_service.maintenance.account_deletion import AccountDeletion
from converter_service.maintenance.metrics import removal_counter
from converter_service.maintenance.orphan_collector import OrphanCollector
from converter_service.maintenance.sweeper import Sweeper
from converter_service.media.ffmpeg.limits import TranscodingLimits
from converter_service.media.ffmpeg.tools import find_tools
from converter_service.media.ffmpeg.transcoder import FFmpegTranscoder
from converter_service.media.sandbox.requirements import SandboxRequirements
from converter_service.media.transcoder import Transcoder
from converter_service.settings import WorkerSettings
from converter_service.storage.checkpoint import MongoCheckpoint
from converter_service.storage.presets import MongoPresets
from converter_service.storage.scratch import LocalScratch
from shared.http import Check, Wiring, build_application, check_in_turn
from shared.messaging.ports import Broker, Consumer
from shared.messaging.subscriptions import CONVERTER_ACCOUNTS, CONVERTER_WORKER
from shared.metrics import Sampler
from shared.store_preparation import StorePreparation

SWEEP_EVERY = timedelta(seconds=5)
# Part of the time limit of a run: reading the video from the store, and storing the audio.
TRANSFERS = timedelta(hours=1)


def build(settings: WorkerSettings, broker: Broker, registry: CollectorRegistry) -> Litestar:
    """The application with the health checks; its lifespan runs the consumers and background tasks."""
    infrastructure, metrics = Infrastructure(settings, broker, registry), JobMetrics(registry)
    tools = find_tools(settings.ffmpeg_threads)
    limits = TranscodingLimits(max_duration=settings.max_duration, job_timeout=settings.job_timeout)
    transcoder = FFmpegTranscoder(
        tools,
        limits,
        keeps_private_tags=settings.keep_private_tags,
        count_exit=metrics.count_exit,
        processors=usable_processors() if settings.parallel_encoding else 1,
    )
    sandbox = SandboxRequirements(settings.sandbox_requires)
    scratch = LocalScratch(settings.scratch_dir)
    consumers = _consumers(settings, broker, infrastructure, transcoder, scratch, metrics=metrics)
    sampler = Sampler([infrastructure.outbox_sample], registry)
    background = (*_background(infrastructure, removal_counter(registry)), sampler.run)
    preparation = StorePreparation(
        infrastructure.blobs.prepare, infrastructure.store.prepare, infrastructure.processor_use.prepare
    )

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        scratch.open()
        try:
            await sandbox.enforce()
            await transcoder.check(scratch.home)
            async with infrastructure.running(preparation, background, consumers, settings.stop_grace):
                yield
        finally:
            scratch.close()

    return build_application(
        Wiring(
            controllers=(),
            checks=[
                Check("mongodb", check_in_turn(infrastructure.clock.ask, preparation.check)),
                Check("rabbitmq", consumers[0].check),
                Check("ffmpeg", partial(check_executable, tools.ffmpeg, tools.ffprobe)),
                # Not critical: conversions of what it can read go on.
                Check("ffmpeg_sources", transcoder.check_sources, critical=False),
                # Not critical: a required mechanism that is missing ends the worker at its start.
                Check("sandbox", sandbox.check, critical=False),
                Check("scratch", scratch.check),
            ],
            lifespan=[lifespan],
            drains=[partial(stop_all, consumers, settings.stop_grace)],
            registry=registry,
        )
    )


def _consumers(
    settings: WorkerSettings,
    broker: Broker,
    infrastructure: Infrastructure,
    transcoder: Transcoder,
    scratch: LocalScratch,
    *,
    metrics: JobMetrics,
) -> Sequence[Consumer]:
    """The queue of conversions, account events, and the broadcast of cancellations, in this order."""
    job = Job(
        store=infrastructure.store,
        queue=infrastructure.queue,
        blobs=infrastructure.blobs,
        cleanup=infrastructure.cleanup,
        transcoder=transcoder,
        scratch=scratch,
        events=infrastructure.events,
        processor_quota=infrastructure.processor_quota,
        limits=job_limits(settings),
        clock=infrastructure.clock,
        metrics=metrics,
    )
    concurrency = settings.concurrency or usable_processors()
    metrics.configure(concurrency, settings.lease.total_seconds(), job.heartbeat.lease_age_s)
    subscription = replace(CONVERTER_WORKER, prefetch=concurrency)
    deletion = AccountDeletion(
        infrastructure.store,
        infrastructure.cleanup,
        MongoPresets(infrastructure.database),
        infrastructure.clock,
    )
    return (
        broker.consumer(subscription, conversion_handlers(job)),
        broker.consumer(
            CONVERTER_ACCOUNTS, account_handlers(deletion, infrastructure.store, infrastructure.clock)
        ),
        cancellation_listener(broker, job),
    )


def _background(infrastructure: Infrastructure, count: Callable[[str], None]) -> Sequence[BackgroundTask]:
    store, clock = infrastructure.store, infrastructure.clock
    sweeper = Sweeper(store, infrastructure.cleanup, infrastructure.events, SWEEP_EVERY, clock, count=count)
    checkpoint = MongoCheckpoint(infrastructure.database, "orphans")
    orphan_collector = OrphanCollector(store, infrastructure.blobs, checkpoint, clock, count)
    return (sweeper.run, orphan_collector.run)


async def check_executable(*programs: str) -> None:
    """Raises FileNotFoundError when a program is missing or not executable."""
    for program in programs:
        if not os.access(program, os.X_OK):
            raise FileNotFoundError(program)


def job_limits(settings: WorkerSettings) -> JobLimits:
    """The limits of runs, with a worker name that is unique to this process."""
    return JobLimits(
        worker=f"{socket.gethostname()[:64]}/{os.getpid()}/{new_id()[-8:]}",
        lease=settings.lease,
        max_retries=settings.max_retries,
        retention=settings.retention,
        run_timeout=settings.job_timeout + TRANSFERS,
        per_account=settings.account_concurrency,
        account_bytes=settings.quota_bytes,
    )
