"""Everything about conversions."""

from gateway.clients.converter import ConverterClient
from gateway.core.module import module
from gateway.modules.conversions.controller import ConversionsController


@module(controllers=[ConversionsController])
class ConversionsModule:
    converter: ConverterClient
