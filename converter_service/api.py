"""Composition root of the api process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

from litestar import Litestar, Router
from litestar.types import ControllerRouterHandler
from prometheus_client import CollectorRegistry

from converter_service.access import TokenAuthenticator
from converter_service.admin_controllers import (
    DeadLetterController,
    ManagedConversionController,
    OverviewController,
)
from converter_service.conversions.bulk_controller import BulkController
from converter_service.conversions.controller import ConversionController
from converter_service.conversions.queue_metrics import queue_sample
from converter_service.dead_letters.metrics import dead_letters_sample
from converter_service.dead_letters.service import DeadLetterService
from converter_service.downloads.archive_controller import ArchiveController
from converter_service.downloads.controller import AudioController
from converter_service.downloads.details_controller import DetailsController
from converter_service.event_streams.controller import EventController
from converter_service.event_streams.hub import Hub
from converter_service.handlers import change_listener
from converter_service.infrastructure import Infrastructure
from converter_service.overview import Overviews
from converter_service.presets.controller import PresetController
from converter_service.settings import ApiSettings
from converter_service.storage.dead_letters import MongoDeadLetters
from converter_service.storage.overview import MongoOverview
from converter_service.tus.controller import TusController
from converter_service.uploads.controller import UploadController
from converter_service.use_cases import use_cases
from shared.http import Check, Wiring, build_application, check_in_turn
from shared.http.auth_guard import public, require_token
from shared.identity.gateway_tokens import gateway_tokens
from shared.messaging.ports import Broker
from shared.metrics import Sampler
from shared.store_preparation import StorePreparation

# How long a dead letter may take to be stored after SIGTERM; others stay in their queue.
GRACE = timedelta(seconds=2)


def build(settings: ApiSettings, broker: Broker, registry: CollectorRegistry) -> Litestar:
    """The application. Opens no connection before its lifespan begins."""
    infrastructure = Infrastructure(settings, broker, registry)
    clock, store = infrastructure.clock, infrastructure.store
    stored_dead_letters = MongoDeadLetters(infrastructure.database)
    preparation = StorePreparation(
        infrastructure.blobs.prepare,
        store.prepare,
        infrastructure.processor_use.prepare,
        stored_dead_letters.prepare,
    )
    dead_letters = DeadLetterService(
        stored_dead_letters, broker.put_back, settings.dead_letter_retention, clock
    )
    dead_letter_consumer = broker.dead_letter_consumer(dead_letters.keep)
    numbers = MongoOverview(infrastructure.database)
    samples = (
        infrastructure.outbox_sample,
        dead_letters_sample(dead_letters, registry),
        queue_sample(numbers, registry, clock),
    )
    hub = Hub(store, infrastructure.paths)
    changes = change_listener(broker, hub)
    tokens = TokenAuthenticator(
        gateway_tokens(settings.gateway_public_keys, "converter_service"),
        verified_email_only=settings.require_verified_email,
    )
    background = (Sampler(samples, registry).run, partial(hub.run, changes.check))

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        consumers = (dead_letter_consumer, changes)
        async with infrastructure.running(preparation, background, consumers, GRACE):
            yield

    return build_application(
        Wiring(
            controllers=controllers(),
            provide={
                **use_cases(settings, infrastructure, tokens),
                "dead_letter_service": dead_letters,
                "overviews": Overviews(numbers, dead_letters, clock),
                "hub": hub,
                "paths": infrastructure.paths,
            },
            checks=[
                Check("mongodb", check_in_turn(clock.ask, preparation.check)),
                # While RabbitMQ is away, events stay in the outbox and dead letters in their queue.
                Check("rabbitmq", broker.check, critical=False),
                Check("dead_letters", dead_letter_consumer.check, critical=False),
            ],
            lifespan=[lifespan],
            guards=[require_token(tokens.principal)],
            health_opt=public(),
            registry=registry,
            on_stop=[hub.close],
        )
    )


def controllers() -> list[ControllerRouterHandler]:
    return [
        # Litestar registers two controllers of one path only inside a router.
        Router("/", route_handlers=[ConversionController, UploadController]),
        BulkController,
        ArchiveController,
        TusController,
        AudioController,
        DetailsController,
        EventController,
        PresetController,
        ManagedConversionController,
        DeadLetterController,
        OverviewController,
    ]
