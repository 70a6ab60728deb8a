"""Everything about conversions."""

from gateway.clients.converter import ConverterClient
from gateway.module import module
from gateway.modules.conversions.actions import Actions
from gateway.modules.conversions.control import ControlController
from gateway.modules.conversions.controller import ConversionsController
from gateway.modules.conversions.events import EventsController
from gateway.proxy.event_stream import Watches


@module(controllers=[ConversionsController, ControlController, EventsController])
class ConversionsModule:
    converter: ConverterClient
    actions: Actions
    watches: Watches
