"""Conversions, which the converter keeps."""

from gateway.idempotency.service import Idempotency
from gateway.limits.rate_limit import RateLimits
from gateway.module import module
from gateway.modules.conversions.bulk import BulkController
from gateway.modules.conversions.control import ArchiveLinkController, ControlController
from gateway.modules.conversions.controller import ConversionsController
from gateway.modules.conversions.events import EventsController
from gateway.proxy.event_stream import Watches
from gateway.proxy.relay import Relay


@module(
    controllers=[
        ConversionsController,
        ControlController,
        ArchiveLinkController,
        BulkController,
        EventsController,
    ]
)
class ConversionsModule:
    converter: Relay
    idempotency: Idempotency
    watches: Watches
    limits: RateLimits
