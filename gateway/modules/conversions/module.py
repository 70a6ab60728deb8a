"""Everything about conversions."""

from gateway.clients.converter import ConverterClient
from gateway.core.live import Watches
from gateway.core.module import module
from gateway.modules.conversions.actions import Actions
from gateway.modules.conversions.control import ControlController
from gateway.modules.conversions.controller import ConversionsController
from gateway.modules.conversions.events import EventsController


@module(controllers=[ConversionsController, ControlController, EventsController])
class ConversionsModule:
    converter: ConverterClient
    actions: Actions
    watches: Watches
