"""How the worker process is put together: one straight column."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from litestar import Litestar
from msgspec.structs import replace
from prometheus_client import CollectorRegistry

from converter_service.conversions.cleanup import Cleanup
from converter_service.conversions.events import EventFactory
from converter_service.conversions.identifiers import new_id
from converter_service.conversions.signed_links import SignedLinks
from converter_service.event_streams.publisher import Telling
from converter_service.handlers import account_handlers, handlers, stopping
from converter_service.jobs.context import JobLimits
from converter_service.jobs.job import Job
from converter_service.maintenance.account_deletion import AccountDeletion
from converter_service.maintenance.metrics import RemovalMetrics
from converter_service.maintenance.orphan_collector import OrphanCollector
from converter_service.maintenance.sweeper import Sweeper
from converter_service.media.ffmpeg.runner import TranscodingLimits
from converter_service.media.ffmpeg.tools import find_tools
from converter_service.media.ffmpeg.transcoder import FFmpegTranscoder
from converter_service.settings import WorkerSettings
from converter_service.storage.checkpoint import MongoCheckpoint
from converter_service.storage.conversions import MongoConversions
from converter_service.storage.gridfs import GridFSBlobs
from converter_service.storage.outbox import MongoOutbox
from converter_service.storage.queue import MongoQueue
from converter_service.storage.scratch import LocalScratch
from shared.errors import Unavailable
from shared.http import Check, Wiring, application, in_turn
from shared.messaging.outbox import OutboxRelay
from shared.messaging.ports import Broker
from shared.messaging.subscriptions import CONVERTER_ACCOUNTS, CONVERTER_WORKER
from shared.mongo.connection import connect, database_of
from shared.mongo.server_clock import ServerClock
from shared.store_preparation import StorePreparation
from shared.tasks import cancel_all

SWEEP_EVERY = timedelta(seconds=5)
# What runs when a stop is asked for gets this long; then it is handed back to be run elsewhere.
GRACE = timedelta(seconds=5)
# Beside converting: fetching the video and storing the audio.
TRANSFERS = timedelta(hours=1)


def build(settings: WorkerSettings, broker: Broker, registry: CollectorRegistry) -> Litestar:
    """The health application, with the consumer, the relay and the sweeper in its lifespan."""
    client = connect(settings.mongo_url, "tonegate-converter")
    database = database_of(client)
    clock = ServerClock(database)
    relay = OutboxRelay(MongoOutbox(database, clock), broker)
    telling = Telling(broker)
    store = MongoConversions(database, clock, relay.wake, telling.note)
    blobs = GridFSBlobs(database, clock)
    events = EventFactory(SignedLinks(settings.link_key), settings.link_ttl, clock)
    cleanup = Cleanup(store, blobs)
    removal_metrics = RemovalMetrics(registry)
    sweeper = Sweeper(store, cleanup, events, SWEEP_EVERY, clock, count=removal_metrics.count)
    orphan_collector = OrphanCollector(
        store, blobs, MongoCheckpoint(database, "orphans"), clock, removal_metrics.count
    )
    scratch = LocalScratch(settings.scratch_dir)
    transcoding = TranscodingLimits(max_duration=settings.max_duration, job_timeout=settings.job_timeout)
    tools = find_tools(settings.ffmpeg_threads)
    transcoder = FFmpegTranscoder(tools, transcoding)
    job = Job(
        store=store,
        queue=MongoQueue(database),
        blobs=blobs,
        transcoder=transcoder,
        scratch=scratch,
        events=events,
        limits=limits(settings),
        clock=clock,
    )
    subscription = replace(CONVERTER_WORKER, prefetch=settings.concurrency)
    consumer = broker.consumer(subscription, handlers(job))
    stops = stopping(broker, job)
    account_deletion = AccountDeletion(store, cleanup, clock)
    accounts = broker.consumer(CONVERTER_ACCOUNTS, account_handlers(account_deletion, clock))
    preparing = StorePreparation(blobs.prepare, store.prepare, away=Unavailable)

    async def hand_back() -> None:
        """Safe to repeat."""
        await asyncio.gather(*(each.stop(GRACE) for each in (consumer, accounts, stops)))

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        scratch.open()
        try:
            await transcoder.check(scratch.home)
            async with broker, client, asyncio.TaskGroup() as tasks:
                with contextlib.suppress(Unavailable):
                    await clock.ask()
                beside = [
                    tasks.create_task(clock.run()),
                    tasks.create_task(preparing.run()),
                    tasks.create_task(relay.run()),
                    tasks.create_task(telling.run()),
                    tasks.create_task(sweeper.run()),
                    tasks.create_task(orphan_collector.run()),
                ]
                tasks.create_task(consumer.run())
                tasks.create_task(accounts.run())
                tasks.create_task(stops.run())
                yield
                await hand_back()
                await cancel_all(beside)
        finally:
            scratch.close()

    return application(
        Wiring(
            controllers=(),
            checks=[
                Check("mongodb", in_turn(clock.ask, preparing.check)),
                Check("rabbitmq", consumer.check),
                Check("ffmpeg", lambda: runnable(tools.ffmpeg, tools.ffprobe)),
                Check("scratch", scratch.check),
            ],
            lifespan=[lifespan],
            drains=[hand_back],
            registry=registry,
        )
    )


async def runnable(*programs: str) -> None:
    """Raises FileNotFoundError when one of them has gone."""
    for program in programs:
        if not os.access(program, os.X_OK):
            raise FileNotFoundError(program)


def limits(settings: WorkerSettings) -> JobLimits:
    return JobLimits(
        worker=f"{socket.gethostname()[:64]}/{os.getpid()}/{new_id()[-8:]}",
        lease=settings.lease,
        max_retries=settings.max_retries,
        retention=settings.retention,
        run_timeout=settings.job_timeout + TRANSFERS,
        per_account=settings.account_concurrency,
    )
