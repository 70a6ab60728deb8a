"""How the api process is put together: one straight column."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import aiohttp
from litestar import Litestar, Router
from prometheus_client import CollectorRegistry, Gauge

from converter_service.access import Owners, public, signed_in
from converter_service.admin_controllers import DeadLetterController, ManagedConversionController
from converter_service.conversions.cleanup import Cleanup
from converter_service.conversions.commands import ConversionCommands
from converter_service.conversions.controller import ConversionController
from converter_service.conversions.events import EventFactory
from converter_service.conversions.quota import EnforcedQuota, QuotaLimits
from converter_service.conversions.service import Conversions
from converter_service.conversions.signed_links import SignedLinks
from converter_service.dead_letters.metrics import watch_waiting
from converter_service.dead_letters.service import DeadLetterService
from converter_service.downloads.controller import AudioController, Door
from converter_service.event_streams.controller import EventController
from converter_service.event_streams.hub import Hub
from converter_service.event_streams.publisher import Telling
from converter_service.handlers import watching
from converter_service.settings import ApiSettings
from converter_service.storage.conversions import MongoConversions
from converter_service.storage.dead_letters import MongoDeadLetters
from converter_service.storage.gridfs import GridFSBlobs
from converter_service.storage.outbox import MongoOutbox
from converter_service.storage.queue import MongoQueue
from converter_service.tus.controller import TusController
from converter_service.tus.service import ResumableLimits, ResumableUploads
from converter_service.uploads.controller import UploadController
from converter_service.uploads.request_body import UploadReceiver
from converter_service.uploads.service import UploadLimits, UploadService
from shared.clock import utc_now
from shared.errors import Unavailable
from shared.http import Check, Wiring, application, in_turn
from shared.identity.access_tokens import AccessTokens
from shared.identity.public_keys import PublicKeys
from shared.messaging.outbox import OutboxRelay
from shared.messaging.ports import Broker
from shared.mongo.connection import connect, database_of
from shared.mongo.server_clock import ServerClock
from shared.store_preparation import StorePreparation
from shared.tasks import cancel_all

# For dead letters that are being written down when a stop is asked for; others stay in their queue.
GRACE = timedelta(seconds=2)
# An api that says nothing of an upload for so long is dead: its place and its key are free again.
UPLOAD_SILENCE = timedelta(seconds=20)


def build(
    settings: ApiSettings, broker: Broker, registry: CollectorRegistry, http: aiohttp.ClientSession
) -> Litestar:
    """The application. Connects to nothing before its lifespan begins."""
    client = connect(settings.mongo_url, "tonegate-converter")
    database = database_of(client)
    clock = ServerClock(database)
    relay = OutboxRelay(MongoOutbox(database, clock), broker)
    telling = Telling(broker)
    store = MongoConversions(database, clock, relay.wake, telling.note)
    blobs = GridFSBlobs(database, clock)
    links = SignedLinks(settings.link_key)
    events = EventFactory(links, settings.link_ttl, clock)
    limits = UploadLimits(settings.max_upload_bytes, UPLOAD_SILENCE)
    letters = MongoDeadLetters(database)
    dead_letter_service = DeadLetterService(letters, broker.put_back, settings.dead_letter_retention, clock)
    dead_letters = broker.dead_letter_consumer(dead_letter_service.keep)
    waiting = Gauge("dead_letters_waiting", "Dead letters to be replayed or discarded", registry=registry)
    quota = EnforcedQuota(store, MongoQueue(database), quota_limits(settings))
    cleanup = Cleanup(store, blobs)
    upload_service = UploadService(store, blobs, cleanup, events, limits=limits, clock=clock, quota=quota)
    conversions = Conversions(store, blobs, cleanup, clock)
    resumable = ResumableLimits(settings.max_upload_bytes, settings.upload_ttl)
    uploads = ResumableUploads(store, blobs, cleanup, events, limits=resumable, clock=clock, quota=quota)
    hub = Hub(store)
    news = watching(broker, hub)
    commands = ConversionCommands(
        conversions,
        store,
        cleanup,
        events,
        links,
        quota=quota,
        public_url=settings.public_url,
        retention=settings.retention,
        clock=clock,
    )
    preparing = StorePreparation(blobs.prepare, store.prepare, letters.prepare, away=Unavailable)
    keys = PublicKeys(http, settings.auth_url)
    access = AccessTokens(keys, settings.issuer or settings.public_url, settings.audience)
    tokens = Owners(access, verified_email_only=settings.require_verified_email)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with broker, client, asyncio.TaskGroup() as tasks:
            with contextlib.suppress(Unavailable):
                await clock.ask()
            beside = [
                tasks.create_task(clock.run()),
                tasks.create_task(preparing.run()),
                tasks.create_task(relay.run()),
                tasks.create_task(watch_waiting(dead_letter_service, waiting.set)),
                tasks.create_task(telling.run()),
                tasks.create_task(hub.run(news.check)),
            ]
            listening = (dead_letters, news)
            for consumer in listening:
                tasks.create_task(consumer.run())
            yield
            await asyncio.gather(*(consumer.stop(GRACE) for consumer in listening))
            await cancel_all(beside)

    return application(
        Wiring(
            controllers=[
                # Litestar registers two controllers of one path only inside a router.
                Router("/", route_handlers=[ConversionController, UploadController]),
                TusController,
                AudioController,
                EventController,
                ManagedConversionController,
                DeadLetterController,
            ],
            provide={
                "upload_service": upload_service,
                "conversions": conversions,
                "uploads": uploads,
                "dead_letter_service": dead_letter_service,
                "commands": commands,
                "hub": hub,
                "receiver": UploadReceiver(settings.max_upload_bytes, settings.idle_timeout),
                "door": Door(conversions, tokens, links, utc_now),
            },
            checks=[
                Check("mongodb", in_turn(clock.ask, preparing.check)),
                # Known keys stay good meanwhile: it is down once there are none.
                Check("auth_service", keys.check),
                # Events wait in the outbox, dead letters in their queue.
                Check("rabbitmq", broker.check, critical=False),
                Check("dead_letters", dead_letters.check, critical=False),
            ],
            lifespan=[lifespan],
            guards=[signed_in(tokens)],
            health_opt=public(),
            registry=registry,
            endless=[hub.close],
        )
    )


def quota_limits(settings: ApiSettings) -> QuotaLimits:
    return QuotaLimits(
        max_queued=settings.max_queued,
        account_bytes=settings.quota_bytes,
        account_conversions=settings.quota_conversions,
    )
