"""How the api process is put together: one straight column."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import aiohttp
from litestar import Litestar
from prometheus_client import CollectorRegistry, Gauge

from converter_service.accepting import Accepting, UploadLimits
from converter_service.access import Owners, public, signed_in
from converter_service.adapters.gridfs import GridFSBlobs
from converter_service.adapters.mongo import connect, database_of
from converter_service.adapters.mongo_clock import MongoClock
from converter_service.adapters.mongo_conversions import MongoConversions
from converter_service.adapters.mongo_letters import MongoLetters
from converter_service.adapters.mongo_outbox import MongoOutbox
from converter_service.adapters.mongo_queue import MongoQueue
from converter_service.administration import DeadLetterController, ManagedConversionController
from converter_service.admission import Bounded, Bounds
from converter_service.announcing import Announcing
from converter_service.audio import AudioController, Door
from converter_service.clock import utc_now
from converter_service.control import Control
from converter_service.controllers import ConversionController
from converter_service.dead_letters.desk import Desk
from converter_service.dead_letters.watching import watch
from converter_service.handlers import watching
from converter_service.hub import Hub
from converter_service.links import Links
from converter_service.receiving import Reception
from converter_service.service import Conversions
from converter_service.settings import ApiSettings
from converter_service.streams import EventController
from converter_service.telling import Telling
from converter_service.upload_controller import UploadController
from converter_service.uploads import ResumableLimits, Uploads
from shared.errors import Unavailable
from shared.http import Check, Wiring, application, in_turn
from shared.identity.access_tokens import AccessTokens
from shared.identity.public_keys import PublicKeys
from shared.messaging.outbox import OutboxRelay
from shared.messaging.ports import Broker
from shared.store_preparation import Preparing
from shared.tasks import end

# For dead letters that are being written down when a stop is asked for; others stay in their queue.
GRACE = timedelta(seconds=2)
# An api that says nothing of an upload for so long is dead: its place and its key are free again.
UPLOAD_SILENCE = timedelta(seconds=20)


def build(
    settings: ApiSettings, broker: Broker, registry: CollectorRegistry, http: aiohttp.ClientSession
) -> Litestar:
    """The application. Connects to nothing before its lifespan begins."""
    client = connect(settings.mongo_url)
    database = database_of(client)
    clock = MongoClock(database)
    relay = OutboxRelay(MongoOutbox(database, clock), broker)
    telling = Telling(broker)
    store = MongoConversions(database, clock, relay.wake, telling.note)
    blobs = GridFSBlobs(database, clock)
    links = Links(settings.link_key)
    announcing = Announcing(links, settings.link_ttl, clock)
    limits = UploadLimits(settings.max_upload_bytes, UPLOAD_SILENCE)
    letters = MongoLetters(database)
    desk = Desk(letters, broker.put_back, settings.dead_letter_retention, clock)
    dead_letters = broker.dead_letter_consumer(desk.keep)
    waiting = Gauge("dead_letters_waiting", "Dead letters that nobody has looked at", registry=registry)
    admission = Bounded(store, MongoQueue(database), bounds(settings))
    accepting = Accepting(store, blobs, announcing, limits, clock, admission=admission)
    conversions = Conversions(store, blobs, clock)
    resumable = ResumableLimits(settings.max_upload_bytes, settings.upload_ttl)
    uploads = Uploads(store, blobs, announcing, resumable, clock, admission=admission)
    hub = Hub(store)
    news = watching(broker, hub)
    control = Control(
        conversions,
        store,
        blobs,
        announcing,
        links,
        admission=admission,
        public_url=settings.public_url,
        retention=settings.retention,
        clock=clock,
    )
    preparing = Preparing(blobs.prepare, store.prepare, letters.prepare, away=Unavailable)
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
                tasks.create_task(watch(desk, waiting.set)),
                tasks.create_task(telling.run()),
                tasks.create_task(hub.run(news.check)),
            ]
            listening = (dead_letters, news)
            for consumer in listening:
                tasks.create_task(consumer.run())
            yield
            await asyncio.gather(*(consumer.stop(GRACE) for consumer in listening))
            await end(beside)

    return application(
        Wiring(
            controllers=[
                ConversionController,
                UploadController,
                AudioController,
                EventController,
                ManagedConversionController,
                DeadLetterController,
            ],
            provide={
                "accepting": accepting,
                "conversions": conversions,
                "uploads": uploads,
                "desk": desk,
                "control": control,
                "hub": hub,
                "reception": Reception(settings.max_upload_bytes, settings.idle_timeout),
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


def bounds(settings: ApiSettings) -> Bounds:
    return Bounds(
        max_queued=settings.max_queued,
        account_bytes=settings.quota_bytes,
        account_conversions=settings.quota_conversions,
    )
