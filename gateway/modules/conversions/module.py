"""Everything about conversions."""

from gateway.clients.converter import ConverterClient
from gateway.core.module import module
from gateway.modules.conversions.actions import Actions
from gateway.modules.conversions.control import ControlController
from gateway.modules.conversions.controller import ConversionsController


@module(controllers=[ConversionsController, ControlController])
class ConversionsModule:
    converter: ConverterClient
    actions: Actions
